// How does a module that was written start by itself, and which commands start it?

/** Imports of the part below. */
export const STARTER_IMPORTS = 'import { realpathSync } from \'node:fs\'\nimport { pathToFileURL } from \'node:url\'\n'

/**
 * The end of the module. Another module that imports it gets the plugin, and nothing starts. There is no `await`: where package.json has no
 * `"type": "module"`, tsx runs a `.ts` as CommonJS.
 */
export function starter (hasListeners: boolean): string {
  const open = hasListeners
    ? '    // The listeners of the bindings, and no other.\n    await fastify.ready()\n    await fastify.listeners.listen()\n'
    : '    await fastify.listen({ port: Number(process.env.PORT ?? 3000) })\n'
  return `
// Started by itself, it is a server; imported, it is a plugin.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const fastify = Fastify({ logger: true })
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { void fastify.close() })
  const start = async () => {
    await site(fastify, {})
${open}  }
  start().catch(error => {
    console.error(error.message)
    process.exit(1)
  })
}
`
}

/** What to type next, one command a line. */
export function nextCommands (packages: readonly string[], javascript: boolean): readonly string[] {
  return [
    `npm i ${['fastify', ...javascript ? [] : ['tsx'], ...packages].join(' ')}`,
    javascript ? 'node site.mjs' : 'npx tsx site.ts'
  ]
}
