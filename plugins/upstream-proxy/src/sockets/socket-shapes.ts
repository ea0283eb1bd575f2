// Why does Node 20 take eight microseconds to make a socket object, and how does it take one?
//
// `net.Socket` copies its options with a spread. While V8 11 has seen no more than four shapes of options there, it gives
// every copy a hidden class of its own, and all that is then read from the copy is looked up anew, some thirty times.
// Once it has seen more shapes, it copies plainly. So it is shown some: sockets that are never connected. That counts
// for the whole process, the sockets that its servers accept included. V8 12 (Node 22) has mended this.
import { Socket } from 'node:net'

// V8 learns nothing from a function's first few calls.
const CALLS = 20
const SHAPES = 8

let shown = false

/** Makes later sockets cheaper on Node 20; does nothing elsewhere, or a second time. */
export function showShapes (): void {
  if (shown || Number(process.versions.v8.split('.')[0]) > 11) return
  shown = true
  for (let shape = 0; shape < SHAPES; shape++) {
    const options: Record<string, boolean> = { allowHalfOpen: false }
    for (let i = 0; i < shape; i++) options[`shape${i}`] = true
    for (let call = 0; call < CALLS; call++) new Socket(options).destroy()
  }
}
