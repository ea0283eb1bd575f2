// Which client is behind the load balancer? The PROXY protocol's header, versions 1 and 2 (HAProxy's proxy-protocol.txt).

import { isIP, type Socket } from 'node:net'

/** A parsed PROXY header. */
export interface ProxyHeader {
  /** Length of the header in bytes; the client's bytes follow it. */
  readonly length: number
  /** Null for a connection of the load balancer itself, e.g. a health check. */
  readonly client: { readonly address: string, readonly port: number } | null
}

const SIGNATURE_2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const SIGNATURE_1 = Buffer.from('PROXY ', 'latin1')
const LONGEST_1 = 107
const HEAD_2 = 16
const ADDRESSES_4 = 12
const ADDRESSES_6 = 36
/** Room for the addresses and for additional fields (TLVs); the format would allow 64 KB. */
const LONGEST_2 = HEAD_2 + 4096

/** Parses the header at the start of a connection: 'more' where it is incomplete, 'bad' where it is invalid. */
export function parseProxyHeader (bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  if (startsAlike(bytes, SIGNATURE_2)) return bytes.length < HEAD_2 ? 'more' : parseVersion2(bytes)
  if (startsAlike(bytes, SIGNATURE_1)) return parseVersion1(bytes)
  return 'bad'
}

function startsAlike (bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length)
  return bytes.subarray(0, length).equals(signature.subarray(0, length))
}

// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n`
function parseVersion1 (bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  const end = bytes.subarray(0, LONGEST_1).indexOf('\r\n')
  if (end === -1) return bytes.length < LONGEST_1 ? 'more' : 'bad'
  const words = bytes.toString('latin1', 0, end).split(' ')
  const length = end + 2
  if (words[1] === 'UNKNOWN') return { length, client: null }
  const family = words[1] === 'TCP4' ? 4 : words[1] === 'TCP6' ? 6 : 0
  const [, , address = '', destination = '', port = '', destinationPort = ''] = words
  const sound = words.length === 6 && family !== 0 && isIP(address) === family && isIP(destination) === family && isPort(port) && isPort(destinationPort)
  return sound ? { length, client: { address, port: Number(port) } } : 'bad'
}

function isPort (text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535
}

function parseVersion2 (bytes: Buffer): ProxyHeader | 'more' | 'bad' {
  const versionAndCommand = bytes.readUInt8(12)
  const family = bytes.readUInt8(13) >> 4
  const length = HEAD_2 + bytes.readUInt16BE(14)
  const command = versionAndCommand & 0x0f
  if (versionAndCommand >> 4 !== 2 || command > 1 || length > LONGEST_2) return 'bad'
  if (bytes.length < length) return 'more'
  if (command === 0 || family === 0 || family === 3) return { length, client: null }
  if (family === 1 && length >= HEAD_2 + ADDRESSES_4) {
    return { length, client: { address: bytes.subarray(16, 20).join('.'), port: bytes.readUInt16BE(24) } }
  }
  if (family === 2 && length >= HEAD_2 + ADDRESSES_6) {
    const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(16 + index * 2).toString(16))
    return { length, client: { address: new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1), port: bytes.readUInt16BE(48) } }
  }
  return 'bad'
}

/**
 * Reads the header of a connection, and leaves the bytes after it to the next reader.
 *
 * @param timeout how long the header may take, in milliseconds; 0 is no limit.
 * @param done is called once, with the header's client and the time at which `timeout` ends (0 without a limit); a connection without a valid header is destroyed instead.
 */
export function takeProxyHeader (socket: Socket, timeout: number, done: (client: ProxyHeader['client'], deadline: number) => void): void {
  const deadline = timeout > 0 ? Date.now() + timeout : 0
  let bytes: Buffer = Buffer.alloc(0)
  const timer = timeout > 0 ? setTimeout(() => socket.destroy(), timeout).unref() : undefined
  const end = (): void => {
    clearTimeout(timer)
    socket.off('readable', read)
    socket.off('close', end)
    socket.off('end', giveUp)
  }
  const giveUp = (): void => { socket.destroy() }
  const read = (): void => {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) return
    bytes = Buffer.concat([bytes, chunk])
    const header = parseProxyHeader(bytes)
    if (header === 'more') return
    end()
    if (header === 'bad') {
      socket.destroy()
      return
    }
    if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length))
    done(header.client, deadline)
  }
  socket.on('readable', read)
  socket.once('close', end)
  socket.once('end', giveUp)
}

/** Replaces the load balancer's address on a socket by the client's: Fastify's `request.ip` and every log read it there. */
export function setClient (socket: Socket, { address, port }: NonNullable<ProxyHeader['client']>): void {
  Object.defineProperties(socket, {
    remoteAddress: { value: address, configurable: true },
    remotePort: { value: port, configurable: true },
    remoteFamily: { value: isIP(address) === 6 ? 'IPv6' : 'IPv4', configurable: true }
  })
}
