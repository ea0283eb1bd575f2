// Which headers of an answer are its farm's? A farm may take headers out, change them, and add some, all in one list.

/**
 * Takes the farm's own headers out of `headers`, and gives them: all that the upstream has not sent. Both are names and values in turn.
 *
 * @param sent the upstream's headers, as they were before the farm got them.
 */
export function takeAdded (headers: string[], sent: readonly string[]): string[] {
  const added: string[] = []
  let kept = 0
  let from = 0
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    const value = headers[at + 1] as string
    let found = from
    while (found < sent.length && (sent[found] !== name || sent[found + 1] !== value)) found += 2
    if (found >= sent.length) {
      added.push(name, value)
      continue
    }
    from = found + 2
    headers[kept++] = name
    headers[kept++] = value
  }
  headers.length = kept
  return added
}
