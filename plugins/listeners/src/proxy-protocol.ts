// Who is behind the load balancer? The PROXY protocol's header, versions 1 and 2 (HAProxy's proxy-protocol.txt).

import { BlockList, isIP, type Socket } from 'node:net'

/** What a PROXY header says. Null for a connection of the balancer's own, a health check for example. */
export interface ProxyHeader {
  /** Bytes of the header: what follows is the client's. */
  readonly length: number
  readonly client: { readonly address: string, readonly port: number } | null
}

const SIGNATURE_2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const SIGNATURE_1 = Buffer.from('PROXY ', 'latin1')
const LONGEST_1 = 107
const HEAD_2 = 16
const ADDRESSES_4 = 12
const ADDRESSES_6 = 36
/** Room for the addresses and for what balancers add to them (TLVs); the format would allow 64 KB. */
const LONGEST_2 = HEAD_2 + 4096

/** Reads the header off the first bytes of a connection: 'more' where it is not all there yet, 'bad' where it is none. */
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
 * Takes the header off a connection before anybody else reads it.
 *
 * @param timeout how long the header may take, in milliseconds; 0 for ever.
 * @param done is called once, with what the header says and when its time would have been over, 0 for never; a connection without a sound header is destroyed instead.
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

/** Makes a socket tell the client's address in the place of the balancer's: to Fastify's `request.ip`, and to every log. */
export function tellClient (socket: Socket, { address, port }: NonNullable<ProxyHeader['client']>): void {
  Object.defineProperties(socket, {
    remoteAddress: { value: address, configurable: true },
    remotePort: { value: port, configurable: true },
    remoteFamily: { value: isIP(address) === 6 ? 'IPv6' : 'IPv4', configurable: true }
  })
}

/** Compiles addresses and networks (`10.0.0.0/8`) into a question; null where one of them is neither. */
export function compileAddresses (list: readonly string[]): ((address: string | undefined) => boolean) | null {
  const block = new BlockList()
  for (const entry of list) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address)
    if (family === 0 || (prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128)))) return null
    if (prefix === undefined) block.addAddress(address, family === 4 ? 'ipv4' : 'ipv6')
    else block.addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
  }
  // An IPv4 connection on a dual-stack socket is told as ::ffff:a.b.c.d, which BlockList knows to be the same.
  return address => address !== undefined && block.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
