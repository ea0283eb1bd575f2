// When are two names the same? Without case, and without the forms of a character that Windows replaces by the plain one.

// eslint-disable-next-line no-control-regex
const NOT_ASCII = /[^\x00-\x7f]/

/** The text for comparisons: in lower case; fullwidth and other compatibility forms as the plain character (NFKC), which is how Windows converts them. */
export function fold (text: string): string {
  return NOT_ASCII.test(text) ? text.normalize('NFKC').toLowerCase() : text.toLowerCase()
}
