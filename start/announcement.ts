// What should somebody who has just started the site know? The URLs to open, what to expect, and how to stop.
import pico from 'picocolors'

export interface Announcement {
  readonly httpPort: number
  readonly httpsPort: number
  /** The upstream's URL. */
  readonly upstream: string
  readonly logFile: string
  /** Where the certificate authority is kept that browsers may be told to trust. */
  readonly certificate: string
}

/** The text, coloured where the terminal takes colours. */
export function announcement ({ httpPort, httpsPort, upstream, logFile, certificate }: Announcement): string {
  const { bold, cyan, dim, green, magenta } = pico
  const urls = (host: string): string => `${cyan(`http://${host}:${httpPort}`)}  ${cyan(`https://${host}:${httpsPort}`)}`
  return `
  ${bold('The site "ReverseProxy" is up.')}

  ${bold('A')}  The WebSocket goes to the backend directly.  One log line: ${green('200')}
     ${urls('localhost')}
  ${bold('B')}  The WebSocket goes through the proxy.        Two log lines: ${green('200')}, and ${magenta('101')} when it ends
     ${urls('reverseproxy.localhost')}
     ${urls('reverseproxy.com')}  ${dim('with 127.0.0.1 reverseproxy.com in the hosts file')}

  upstream     ${cyan(upstream)}
  log          ${logFile}
  certificate  ${certificate}  ${dim('trust it, or accept the browser\'s warning')}
  stop         Ctrl+C
`
}
