// Is the upstream the site itself? Every request would be proxied to it again, until no connections are left.

/** Adds a sentence to `mistakes` where it is. `httpName` is the variable that says the port of http. */
export function noCircle (upstream: string, httpName: string, { httpPort, httpsPort }: { readonly httpPort: number, readonly httpsPort: number | null }, mistakes: string[]): void {
  const { hostname, protocol, port } = new URL(upstream)
  if (!/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return
  const name = protocol === 'https:' ? 'HTTPS_PORT' : httpName
  const own = name === 'HTTPS_PORT' ? httpsPort : httpPort
  if (Number(port || (protocol === 'https:' ? 443 : 80)) === own) mistakes.push(`UPSTREAM is this site itself: ${name} is ${own}.`)
}
