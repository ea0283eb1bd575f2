// Why does Node 20 take eight microseconds to create a socket object, and how can it take one?
//
// `net.Socket` copies its options with a spread. While V8 11 has seen at most four shapes of options there, every copy gets a
// hidden class of its own, and each of some thirty property reads from it misses the inline cache. Once V8 has seen more shapes,
// it uses the generic copy. So sockets with further shapes are created and never connected. This speeds up the whole process,
// including the sockets that its servers accept. V8 12 (Node 22) has fixed this.
import { Socket } from 'node:net'

// V8 collects no type feedback in a function's first few calls.
const CALLS = 20
const SHAPES = 8

let shown = false

/** Makes later sockets cheaper to create on Node 20; does nothing on other versions, or a second time. */
export function showShapes (): void {
  if (shown || Number(process.versions.v8.split('.')[0]) > 11) return
  shown = true
  for (let shape = 0; shape < SHAPES; shape++) {
    const options: Record<string, boolean> = { allowHalfOpen: false }
    for (let i = 0; i < shape; i++) options[`shape${i}`] = true
    for (let call = 0; call < CALLS; call++) new Socket(options).destroy()
  }
}
