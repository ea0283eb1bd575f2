// Where do lines end? A chunk of bytes may end inside a line, or inside a character.
import { StringDecoder } from 'node:string_decoder'

/** Splits a stream of bytes at line feeds. Node's readline also splits at CR, U+2028 and U+2029, which a path may contain. */
export class TextLines {
  readonly #decoder = new StringDecoder()
  #rest = ''

  /** The lines that end in these bytes. */
  of (bytes: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n')
    this.#rest = lines.pop() as string
    return lines
  }

  /** The last line, which has no line end. */
  end (): string {
    return this.#rest + this.#decoder.end()
  }
}
