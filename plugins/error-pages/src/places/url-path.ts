// Which place does a URL name? The segments of its path, decoded and in lower case.

/** The segments; those that can't be decoded stay as they are, since an error of theirs has a place as well. */
export function segmentsOf (url: string): string[] {
  const path = url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '')
  const segments: string[] = []
  for (const part of decoded(path).split(/[/\\]+/)) {
    if (part === '' || part === '.') continue
    if (part === '..') segments.pop()
    else segments.push(part.toLowerCase())
  }
  return segments
}

function decoded (path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
