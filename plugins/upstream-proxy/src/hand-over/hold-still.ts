// How does a socket that has come from another process stay unread, so that it can be sent on, or taken over whole?
//
// Node begins to read such a socket at once. What it reads before the socket is sent on stays in this process, and is lost to the
// next one. This file imports nothing of ours, so that whoever sends sockets on can have a copy of it; a test holds the copies equal.
import type { Socket } from 'node:net'

/** A socket's handle in Node, which has no public way to stop it. */
interface Handle {
  reading?: boolean
  readStop?: () => number
}

/**
 * Stops the reading of a socket that has just come with a message of another process. To be called in the listener of `message`, before
 * anything is awaited. False where it is too late, because bytes were read, or where this Node has no way: then the socket must not be
 * sent on.
 */
export function holdStill (socket: Socket): boolean {
  const handle = (socket as Socket & { _handle?: Handle | null })._handle
  if (typeof handle?.readStop !== 'function') return false
  handle.readStop()
  handle.reading = false
  socket.pause()
  return socket.bytesRead === 0
}
