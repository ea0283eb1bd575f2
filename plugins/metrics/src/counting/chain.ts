// Which of many come and go all the time? A chain: no table that grows, and nothing that the garbage collector has to go through.

/** One in a chain. */
export class Link<Member> {
  readonly member: Member
  previous: Link<Member> | null = null
  next: Link<Member> | null = null

  constructor (member: Member) {
    this.member = member
  }
}

/** Members in any order. */
export class Chain<Member> {
  #first: Link<Member> | null = null

  add (member: Member): Link<Member> {
    const link = new Link(member)
    link.next = this.#first
    if (this.#first !== null) this.#first.previous = link
    this.#first = link
    return link
  }

  /** Takes one out. To be called once. */
  strike (link: Link<Member>): void {
    const { previous, next } = link
    if (previous === null) this.#first = next
    else previous.next = next
    if (next !== null) next.previous = previous
    link.previous = link.next = null
  }

  * [Symbol.iterator] (): Generator<Member> {
    for (let link = this.#first; link !== null; link = link.next) yield link.member
  }
}
