// How does IIS write a binding? `protocol/IP:port:host`, as `appcmd` prints it.

import type { Protocol } from '@fastify-arr/facts'
import type { BindingOptions } from '../options.ts'

// The IP may be an IPv6 address in brackets.
const IIS_BINDING = /^(?:([a-z]+)\/)?(\*|\[[0-9a-f:.]+(?:%\w+)?\]|[0-9.]+|):(\d*|\*):(.*)$/i

/** Reads `http/*:80:example.com` or `*:80:example.com`; null where it is not written so. */
export function parseIISBinding (text: string): BindingOptions | null {
  const match = IIS_BINDING.exec(text.trim())
  if (match === null) return null
  const [, protocol, ip, port, host] = match as unknown as [string, string | undefined, string, string, string]
  return {
    ...(protocol !== undefined && { protocol: protocol.toLowerCase() as Protocol }),
    ...(ip !== '*' && ip !== '' && { address: ip.replace(/^\[|\]$/g, '') }),
    ...(port !== '' && port !== '*' && { port: Number(port) }),
    host
  }
}
