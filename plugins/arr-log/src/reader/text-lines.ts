// Where do lines end? Bytes come as they come, in the middle of a character too.
import { StringDecoder } from 'node:string_decoder'

/** Cuts a stream of bytes into lines. Node's readline ends them at characters that a path may hold. */
export class TextLines {
  readonly #decoder = new StringDecoder()
  #rest = ''

  /** The lines that end in these bytes. */
  of (bytes: Buffer): string[] {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n')
    this.#rest = lines.pop() as string
    return lines
  }

  /** The last line, which nothing ends. */
  end (): string {
    return this.#rest + this.#decoder.end()
  }
}
