// The rehearsal itself: three hosts behind a balancer are replaced one after the other, under load. Prints what was seen, as JSON.
import { join } from 'node:path'
import { isUp, startBalancer } from './balancer.ts'
import { Clients, type Seen } from './clients.ts'
import { Host, openStreet, until } from './hosts.ts'
import { Proxy } from './proxy.ts'

/** What the stage tells. */
export interface Told extends Seen {
  readonly exits: ReadonlyArray<number | string>
  /** Once all are back. */
  readonly open: number
  readonly echoes: number
  readonly servers: readonly string[]
  /** Seconds: until all were there, and for each host until all were back. */
  readonly seconds: readonly number[]
}

const sockets = Number(process.argv[2])
const seconds: number[] = []
let since = performance.now()
const lap = (): void => {
  seconds.push(Math.round((performance.now() - since) / 100) / 10)
  since = performance.now()
}

openStreet()
const backends = new Host('backends', '10.99.0.21', '10.99.0.22', '10.99.0.23')
backends.run([process.execPath, '--import=tsx', join(import.meta.dirname, 'backends.ts'), ...backends.addresses])
const proxies = ['11', '12', '13'].map((end, at) => new Proxy(`host-${at + 1}`, `10.99.0.${end}`))
await Promise.all(proxies.map(proxy => proxy.start()))
await startBalancer(proxies, sockets * 2 + 500)
lap()

const clients = new Clients()
await clients.come(sockets)
const pages = clients.ask()
lap()

const exits: Array<number | string> = []
for (const proxy of proxies) {
  exits.push(await proxy.leave(async () => !await isUp(proxy)))
  await proxy.start()
  await until(() => isUp(proxy))
  await until(() => clients.open === sockets)
  lap()
}
const { open } = clients
const echoes = await clients.echo()
clients.end()
await pages
console.log(JSON.stringify({ ...clients.seen, exits, open, echoes, servers: clients.servers, seconds } satisfies Told))
process.exit(0)
