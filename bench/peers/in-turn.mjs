// How does a proxy with one upstream get to several addresses of it? One address has some 28,000 ports for it.
import dns from 'node:dns'

const NAME = 'upstream.localhost'

/** The host to forward to: the address, or a name that stands for all of them, one after the other. */
export function inTurn (addresses) {
  if (addresses.length === 1) return addresses[0]
  const { lookup } = dns
  let turns = 0
  dns.lookup = (name, options, done = options) => {
    if (name !== NAME) return lookup(name, options, done)
    const address = addresses[turns++ % addresses.length]
    if (options.all === true) process.nextTick(done, null, [{ address, family: 4 }])
    else process.nextTick(done, null, address, 4)
  }
  return NAME
}
