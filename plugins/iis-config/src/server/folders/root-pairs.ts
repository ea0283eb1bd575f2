// What does `C:\inetpub=/srv/inetpub` say? A folder of the server, and where it was copied to.

/** The option `roots` of such texts. The first `=` splits; a text without one gets a value that no folder has, and is refused by name. */
export function rootsIn (texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(texts.map(text => {
    const equals = text.indexOf('=')
    return equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)]
  }))
}
