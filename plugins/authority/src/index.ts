// authority: which host and port does this text name, and do two texts name the same?
export { isAuthority, LONGEST_NAME, parseAuthority, type Authority } from './authority.ts'
export { defaultPort, sameAuthority } from './same-authority.ts'
export { normalizeHost } from './normalize-host.ts'
