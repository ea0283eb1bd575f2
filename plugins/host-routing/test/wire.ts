// Requests and answers of the tests, byte by byte.
import { connect } from 'node:net'

/** Sends these bytes, and returns what the server answers. */
export async function wire (port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(bytes, 'latin1')
  let text = ''
  for await (const chunk of socket.setEncoding('latin1')) text += chunk
  return text
}

/** A GET, with the Host given or none. */
export function get (host: string | null, target = '/', more = ''): string {
  return `GET ${target} HTTP/1.1\r\n${host === null ? '' : `Host: ${host}\r\n`}${more}Connection: close\r\n\r\n`
}
