// Writes a plain value as readable TypeScript: short values on one line, comments above the object they are about.

/** The longest line, where a value can be broken. */
const WIDTH = 110

/** Writes a value. `comments` gives the lines that go above an object, `remarks` those above a property that is none. */
export function literal (value: unknown, comments: (part: object) => readonly string[], indent = '', remarks: (key: string) => readonly string[] = () => []): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return String(value)
  const inner = `${indent}  `
  const entries = Array.isArray(value)
    ? value.map(one => [one as unknown, '', ''] as const)
    : Object.entries(value).map(([key, one]) => [one as unknown, `${propertyName(key)}: `, key] as const)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  if (entries.length === 0) return open + close

  const parts = entries.map(([one, name, key]) => ({ above: isObject(one) ? comments(one) : remarks(key), text: name + literal(one, comments, inner, remarks) }))
  const flat = `${open}${open === '{' ? ' ' : ''}${parts.map(({ text }) => text).join(', ')}${close === '}' ? ' ' : ''}${close}`
  if (parts.every(({ above, text }) => above.length === 0 && !text.includes('\n')) && indent.length + flat.length <= WIDTH) return flat
  const lines = parts.map(({ above, text }) => [...above.map(line => `${inner}// ${line}\n`), inner, text].join(''))
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`
}

/** A string in single quotes. */
export function quoted (text: string): string {
  // JSON escapes control characters; U+2028 and U+2029 are escaped as well, because some tools take them for line ends.
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${escaped.replace(/[\u2028\u2029]/g, character => `\\u${character.charCodeAt(0).toString(16)}`)}'`
}

function propertyName (key: string): string {
  // As a key, with or without quotes, it would set the prototype; a computed key does not.
  if (key === '__proto__') return "['__proto__']"
  return /^[a-z_$][\w$]*$/i.test(key) ? key : quoted(key)
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
