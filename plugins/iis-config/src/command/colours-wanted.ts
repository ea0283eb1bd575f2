// Is the output of a command coloured?

/** NO_COLOR (no-color.org) before FORCE_COLOR (as Node.js reads it, 0 is off); else colours are for terminals. */
export function coloursWanted (env: NodeJS.ProcessEnv, terminal: boolean): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false'
  return terminal && env.TERM !== 'dumb'
}
