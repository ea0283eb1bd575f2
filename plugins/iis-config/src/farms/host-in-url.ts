// Does a URL name a farm? With its host, which has no port.

/** A farm's name, and the host that stands for it. */
export class HostName {
  readonly #name: string
  readonly #host: string

  constructor (name: string, host: string) {
    this.#name = name.toLowerCase()
    this.#host = host
  }

  /** Whether the host of a URL is the farm. A value of the request may follow it. */
  isIn (url: string): boolean {
    const [, , rest = ''] = SCHEME.exec(url) ?? []
    return this.#name !== '' && rest.toLowerCase().startsWith(this.#name) && /^(?:[/?{]|$)/.test(rest.slice(this.#name.length))
  }

  /** The URL with the host that stands for the name. */
  into (url: string): string {
    const [, scheme = '', rest = ''] = SCHEME.exec(url) ?? []
    if (!this.isIn(url)) return url
    const written = rest.slice(0, this.#name.length)
    return scheme + (written.toLowerCase() === this.#host.toLowerCase() ? written : this.#host) + rest.slice(this.#name.length)
  }
}

const SCHEME = /^((?:https?|wss?):\/\/)(.*)$/is
