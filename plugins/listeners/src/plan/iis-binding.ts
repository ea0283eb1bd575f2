// What does this IIS binding ask a listener for?

/** A parsed IIS binding. */
export interface IISBinding {
  readonly protocol: 'http' | 'https'
  /** An IP address, or `*`. */
  readonly address: string
  readonly port: number
  /** Empty for every host. */
  readonly host: string
}

const BINDING = /^(https?)\/(\*|\[[0-9a-f:.]+\]|[0-9.]+|):(\d+):(.*)$/i

/** Parses `https/*:443:example.com`, the form in which `appcmd` prints a binding: `protocol/IP:port:host`. Null for any other text. */
export function parseBinding (text: string): IISBinding | null {
  const match = BINDING.exec(text.trim())
  if (match === null) return null
  const [, protocol, address, port, host] = match as unknown as [string, string, string, string, string]
  return {
    protocol: protocol.toLowerCase() as 'http' | 'https',
    address: address === '' ? '*' : address.replace(/^\[|\]$/g, ''),
    port: Number(port),
    host: host.toLowerCase()
  }
}
