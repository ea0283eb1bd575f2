// When has an answer left completely, whoever gave it?
import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'

/** Calls `finished` when everything was given to the connection, but not for an answer that the client has cancelled. */
export function onFinished (response: ServerResponse | Http2ServerResponse, finished: () => void): void {
  if (!('stream' in response)) {
    response.once('finish', finished)
    return
  }
  // HTTP/2's response emits 'finish' only when its stream closes, and a cancelled stream emits it too.
  const { stream } = response
  stream.once('finish', () => { if (!stream.aborted) finished() })
}
