// The article's site as `fastify start` would start it, on free ports, with a folder of its own for its log.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import app, { options as startOptions, type AppOptions } from '../app.ts'

export interface Site {
  readonly fastify: FastifyInstance
  readonly httpPort: number
  /** 0 where a file of IIS has no binding for https. */
  readonly httpsPort: number
  /** The log's lines as records of their columns, once there are as many as are waited for. */
  readonly lines: (count: number) => Promise<Line[]>
}

/** A line of the log: column name to value. */
export type Line = Readonly<Record<string, string>>

/** One certificate for all tests of a file: making a key takes long. */
const certificates = await mkdtemp(join(tmpdir(), 'arr-certificates-'))
process.on('exit', () => rmSync(certificates, { recursive: true, force: true }))

/** Starts the site; `prepare` gets the server before the app is registered. */
export async function startSite (t: Test, options: AppOptions = {}, prepare = (_fastify: FastifyInstance): void => {}): Promise<Site> {
  const directory = await mkdtemp(join(tmpdir(), 'arr-logs-'))
  // A start may take long on a busy machine.
  const fastify = Fastify({ ...startOptions, pluginTimeout: 0 })
  prepare(fastify)
  t.teardown(async () => {
    await fastify.close()
    await rm(directory, { recursive: true, force: true })
  })
  await fastify.register(app, { httpsPort: 0, backendPort: 0, monitorPort: null, logDirectory: directory, certificates, ...options, announce: false })
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  return {
    fastify,
    httpPort: (fastify.server.address() as { port: number }).port,
    httpsPort: fastify.listeners.addresses.find(({ protocol }) => protocol === 'https')?.port ?? 0,
    async lines (count) {
      // A line is written when its exchange is over, which is after the client has received the end.
      for (;;) {
        await fastify.arrLog.flush()
        const lines = await read(join(directory, 'W3SVC1'))
        if (lines.length >= count) return lines
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }
  }
}

async function read (folder: string): Promise<Line[]> {
  const lines: Line[] = []
  let columns: string[] = []
  for (const file of (await readdir(folder).catch(() => [])).sort()) {
    for (const line of (await readFile(join(folder, file), 'utf8')).split('\r\n')) {
      if (line.startsWith('#Fields: ')) columns = line.slice('#Fields: '.length).split(' ')
      else if (line !== '' && !line.startsWith('#')) lines.push(Object.fromEntries(line.split(' ').map((value, at) => [columns[at] ?? `extra ${at}`, value])))
    }
  }
  return lines
}

// Below the ephemeral ports: one of those may be given to another process before it is used.
const FIRST_PORT = 20_000
const PORTS = 12_000

/**
 * A port that is free until the test ends, for servers that cannot listen on port 0. Test processes that run at the same time
 * reserve a port by binding the UDP port of the same number.
 */
export async function freePort (t: Test): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    const claim = createSocket('udp4').unref()
    const server = createServer()
    try {
      claim.bind({ port, address: '127.0.0.1', exclusive: true })
      await once(claim, 'listening')
      server.listen(port)
      await once(server, 'listening')
      server.close()
      await once(server, 'close')
      t.teardown(() => { claim.close() })
      return port
    } catch (error) {
      claim.close()
      if (!['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}
