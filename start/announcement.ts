// What should somebody who has just started the site know? The URLs to open, what to expect, and how to stop.
import pico from 'picocolors'

export interface Announcement {
  readonly httpPort: number
  /** Null where no listener speaks https. */
  readonly httpsPort: number | null
  /** The upstream's URL, or the file that says where requests go. */
  readonly source: string
  readonly logFile: string
  /** Where the certificate authority is kept that browsers may be told to trust; null where none was needed. */
  readonly certificate: string | null
}

/** The text, coloured where the terminal takes colours. */
export function announcement ({ httpPort, httpsPort, source, logFile, certificate }: Announcement): string {
  const { bold, cyan, dim, green, magenta } = pico
  const urls = (host: string): string => [`http://${host}:${httpPort}`, ...httpsPort === null ? [] : [`https://${host}:${httpsPort}`]].map(cyan).join('  ')
  const isUrl = /^https?:/.test(source)
  const scenarios = `
  ${bold('A')}  The WebSocket goes to the backend directly.  One log line: ${green('200')}
     ${urls('localhost')}
  ${bold('B')}  The WebSocket goes through the proxy.        Two log lines: ${green('200')}, and ${magenta('101')} when it ends
     ${urls('reverseproxy.localhost')}
     ${urls('reverseproxy.com')}  ${dim('with 127.0.0.1 reverseproxy.com in the hosts file')}
`
  return `
  ${bold(isUrl ? 'The site "ReverseProxy" is up.' : `The site of ${source} is up.`)}
${isUrl ? scenarios : `\n     ${urls('localhost')}\n`}
  ${isUrl ? 'upstream   ' : 'rules      '}  ${cyan(source)}
  log          ${logFile}${certificate === null ? '' : `\n  certificate  ${certificate}  ${dim('trust it, or accept the browser\'s warning')}`}
  stop         Ctrl+C
`
}
