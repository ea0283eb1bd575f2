// Which are the first hundred of many thousands? Found without sorting the rest: a heap has the best so far, the worst of them on top.

/** The indexes of the first ones by their keys, in order. `tie` decides between equal keys, negative where the first index comes first. */
export function topOf (keys: ArrayLike<number> | ArrayLike<string>, most: number, descending: boolean, tie: (one: number, other: number) => number): number[] {
  const sign = descending ? -1 : 1
  const compare = (one: number, other: number): number => {
    const a = keys[one] as number
    const b = keys[other] as number
    return a < b ? -sign : a > b ? sign : tie(one, other)
  }
  const heap: number[] = []
  if (most < 1) return heap
  for (let index = 0; index < keys.length; index++) {
    if (heap.length < most) {
      heap.push(index)
      rise(heap, compare)
    } else if (compare(index, heap[0] as number) < 0) {
      heap[0] = index
      sink(heap, compare)
    }
  }
  return heap.sort(compare)
}

type Compare = (one: number, other: number) => number

/** Puts the last one where it belongs. */
function rise (heap: number[], compare: Compare): void {
  let at = heap.length - 1
  while (at > 0) {
    const above = (at - 1) >> 1
    if (compare(heap[at] as number, heap[above] as number) <= 0) return
    swap(heap, at, above)
    at = above
  }
}

/** Puts the first one where it belongs. */
function sink (heap: number[], compare: Compare): void {
  for (let at = 0; ;) {
    let worst = at
    for (const below of [2 * at + 1, 2 * at + 2]) if (below < heap.length && compare(heap[below] as number, heap[worst] as number) > 0) worst = below
    if (worst === at) return
    swap(heap, at, worst)
    at = worst
  }
}

function swap (heap: number[], one: number, other: number): void {
  [heap[one], heap[other]] = [heap[other] as number, heap[one] as number]
}
