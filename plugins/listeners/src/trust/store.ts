// What is a store of trusted authorities, and what does the command work with?

/** How a program ended: `text` is the first line that it said. */
export interface Outcome { readonly isDone: boolean, readonly isMissing: boolean, readonly text: string }

/** What the command works with. */
export interface World {
  readonly platform: NodeJS.Platform
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly run: (program: string, words: readonly string[]) => Outcome
  readonly write: (text: string) => void
  readonly warn: (text: string) => void
}

/** The certificate to trust. */
export interface Authority {
  readonly file: string
  /** Its name in stores that have names: no other authority's. */
  readonly name: string
  /** SHA-1 in hexadecimal, the name in the store of Windows. */
  readonly thumbprint: string
}

/** Where certificates of authorities are kept. */
export interface Store {
  /** Who reads it, and where it is. */
  readonly name: string
  /** Trusts the authority; a sentence's end that says what was done, or an Error that says why not. */
  readonly add: (authority: Authority) => string
  readonly remove: (authority: Authority) => string
}
