// HAProxy in front, which knows nothing of HTTP: it asks `/readyz` of each host, and gives connections to the one with the fewest.
import { spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Proxy } from './proxy.ts'
import { STREET, until } from './hosts.ts'

const SOCKET = '/run/haproxy.sock'

/** Starts it; resolves when all hosts are up. */
export async function startBalancer (proxies: readonly Proxy[], most: number): Promise<ChildProcess> {
  writeFileSync('/run/haproxy.cfg', `global
  maxconn ${most}
  stats socket ${SOCKET} level user
defaults
  mode tcp
  timeout connect 5s
  # An answer that is late on a busy machine is none that says no.
  timeout check 30s
  timeout client 1h
  timeout server 1h
  option redispatch 1
  retries 3
frontend site
  bind ${STREET}:8000 backlog 4096
  default_backend proxies
backend proxies
  balance leastconn
  option httpchk GET /readyz
  default-server check port 9464 inter 300 fall 1 rise 1 maxconn ${most}
${proxies.map(({ host, address }) => `  server ${host.name} ${address}:8000`).join('\n')}
`)
  const child = spawn('haproxy', ['-db', '-q', '-f', '/run/haproxy.cfg'], { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } })
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`haproxy has ended with ${child.exitCode}`)
    return (await Promise.all(proxies.map(isUp))).every(up => up)
  })
  return child
}

/** Whether it gives connections to a host. */
export async function isUp ({ host }: Proxy): Promise<boolean> {
  const socket = connect(SOCKET).on('error', () => {})
  let text = ''
  socket.on('data', chunk => { text += String(chunk) })
  socket.write('show stat\n')
  // Without its socket, it is not there yet.
  await new Promise(resolve => socket.on('close', resolve))
  // pxname,svname,…,status is the eighteenth.
  return text.split('\n').some(line => line.startsWith(`proxies,${host.name},`) && line.split(',')[17]?.startsWith('UP') === true)
}
