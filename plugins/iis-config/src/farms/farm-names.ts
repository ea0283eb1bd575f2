// By which host does a URL name a farm? IIS takes any text as a name, and a URL does not.

/** Letters, digits, dots, hyphens and underscores. */
const HOST = /^[\w-]+(?:\.[\w-]+)*$/
/** RFC 1035 §2.3.4. */
const LONGEST = 253
/** A host whose last part is a number is read as an IPv4 address: `http://1/` is `0.0.0.1`. */
const NUMBER = /(?:^|\.)(?:\d+|0x[\da-f]*)$/i

/** A host for each name: the name itself wherever a URL can have it. No two farms have the same one, as hosts have no case. */
export function hostsOf (names: readonly string[]): Map<string, string> {
  const taken = new Set(names.filter(isHost).map(name => name.toLowerCase()))
  return new Map(names.map(name => [name, isHost(name) ? name : free(plain(name))]))

  function free (wanted: string): string {
    let host = wanted
    for (let number = 2; taken.has(host.toLowerCase()); number++) host = `${wanted}-${number}`
    taken.add(host.toLowerCase())
    return host
  }
}

function isHost (name: string): boolean {
  return name.length <= LONGEST && HOST.test(name) && !NUMBER.test(name) && !/^xn--|\.xn--/i.test(name)
}

/** The name without accents, and with hyphens for all that no host has. */
function plain (name: string): string {
  const ascii = name.normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss').replace(/[^\w.-]+/g, '-').replace(/^[-.]+|[-.]+$/g, '').replace(/\.{2,}/g, '.').slice(0, 60)
  return isHost(ascii) ? ascii : `farm${ascii === '' ? '' : `-${ascii.replaceAll('.', '-')}`}`
}
