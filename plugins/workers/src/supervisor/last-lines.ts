// What did a worker say last? The end of its stderr, which tells why it has not started.

const MOST_CHARACTERS = 4096
const MOST_LINES = 20

export class LastLines {
  #text = ''

  add (chunk: Buffer): void {
    this.#text = (this.#text + chunk.toString('utf8')).slice(-MOST_CHARACTERS)
  }

  get lines (): string[] {
    return this.#text.split('\n').map(line => line.trimEnd()).filter(line => line !== '').slice(-MOST_LINES)
  }
}
