// What does this IIS binding ask a listener for?

/** An IIS binding taken apart. */
export interface IISBinding {
  readonly protocol: 'http' | 'https'
  /** An IP address, or `*`. */
  readonly address: string
  readonly port: number
  /** Empty for every host. */
  readonly host: string
}

const BINDING = /^(https?)\/(\*|\[[0-9a-f:.]+\]|[0-9.]+|):(\d+):(.*)$/i

/** Reads `https/*:443:example.com`, as `appcmd` prints a binding: `protocol/IP:port:host`. Null where it is not written so. */
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
