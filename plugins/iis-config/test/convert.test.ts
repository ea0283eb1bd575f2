import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import ts from 'typescript'
import { convertToTypeScript, readConfig, readConfigText, type PluginOptions } from '../src/index.ts'

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))

/** Runs the generated module with stand-ins for the plugins, and collects the options they are registered with. */
async function run (code: string): Promise<PluginOptions> {
  const { outputText, diagnostics = [] } = ts.transpileModule(code, { reportDiagnostics: true, compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 } })
  if (diagnostics.length > 0) throw new Error(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')).join('\n'))
  const standIns = outputText.replace(/^\/\/ Started by itself[^]*/m, '').replace(/^import Fastify.*$/m, '').replace(/^import \{ (\w+) \} from .*$/gm, 'const $1 = "$1"')
  const { default: site } = await import(`data:text/javascript,${encodeURIComponent(standIns)}`) as { default: (fastify: object, options: object) => Promise<void> }
  if (site.length !== 2) throw new Error('fastify start wants a plugin of two parameters')
  const registered: Record<string, unknown> = {}
  await site({ register: async (name: string, options: unknown) => { registered[name] = options } }, {})
  return registered
}

for (const name of readdirSync(fixtures).filter(name => name.endsWith('.config'))) {
  test(`${name} becomes a module that registers the same options`, async t => {
    const config = readConfigText(readFileSync(join(fixtures, name), 'utf8'), join('/srv', /farm|server/.test(name) ? 'applicationHost.config' : 'web.config'))
    const registered = await run(convertToTypeScript(config))
    const { listeners, ...rest } = registered
    const { rewriteResponse, ...proxy } = (rest.upstreamProxy ?? {}) as { rewriteResponse?: unknown }
    const outbound = config.options.urlRewrite?.outboundRules ?? config.options.urlRewrite?.siteOutboundRules
    t.equal(typeof rewriteResponse, outbound === undefined || rest.upstreamProxy === undefined ? 'undefined' : 'function', 'the proxy is given the outbound rules')
    const { arrHeaders, ...plain } = proxy as { arrHeaders?: boolean }
    if (rest.upstreamProxy !== undefined) {
      t.equal(arrHeaders, true)
      rest.upstreamProxy = plain
    }
    const { listeners: wanted, ...others } = config.options
    if (others.urlRewrite !== undefined && JSON.stringify(others.urlRewrite).includes('"type":"Rewrite","url"')) Object.assign(others, { urlRewrite: { ...others.urlRewrite, originalUrlHeader: true } })
    t.strictSame(rest, others)
    if (wanted !== undefined) t.strictSame(listeners, { ...wanted, certificate: 'development' })
    t.strictSame(Object.keys(registered), ['arrLog', 'requestTrace', 'listeners', 'hostRouting', 'urlRewrite', 'serverFarm', 'upstreamProxy'].filter(key => key in config.options), 'in the order in which they handle a request')
  })
}

test('any string is the same after it is written and evaluated', async t => {
  const texts = ["it's", '"', '\\', '\n\r\t', '\u2028\u2029', '${x}', '`', '*/ // <!--', '😀', '\0'.replace('\0', '\u007f')] // eslint-disable-line no-template-curly-in-string
  const config = readConfigText('<configuration><system.webServer><rewrite><rewriteMaps><rewriteMap name="m" /></rewriteMaps></rewrite></system.webServer></configuration>')
  config.options.urlRewrite = { rewriteMaps: [{ name: 'm', entries: Object.fromEntries([...texts.map(text => [text, text]), ['__proto__', 'x'], ['a b', ''], ['1', '2']]) }] }
  const { urlRewrite } = await run(convertToTypeScript(config))
  t.strictSame(Object.entries(urlRewrite?.rewriteMaps?.[0]?.entries ?? {}), Object.entries(config.options.urlRewrite.rewriteMaps?.[0]?.entries ?? {}))
})

test('a comment cannot end early, and is above the part it is about', async t => {
  const code = convertToTypeScript(readConfigText(`<configuration><system.webServer><rewrite><rules useOriginalURLEncoding="true">
    <rule name="a" responseCacheDirective="x&#10;process.exit()//&#x2028;alert()"><match url="x" /></rule>
    <rule name="b" made.up="1"><match url="x" /></rule>
  </rules></rewrite></system.webServer></configuration>`))
  await run(code)
  const lines = code.split('\n')
  const line = lines.findIndex(one => one.includes('responseCacheDirective='))
  t.match(lines[line], /^\s*\/\/ ≈ line 2/)
  t.match(lines[line + 1], "name: 'a'")
  t.match(lines.find(one => one.includes('made.up')), /\/\/ ✖ line 3/)
  t.notMatch(code, '\u2028')
})

test('a line break in the file name does not end a comment', async t => {
  const config = readConfigText('<configuration/>', 'web\nthrow Error("run")\u2028.config')
  t.equal(convertToTypeScript(config).split('\n')[0], '// Made by iis-config from web throw Error("run") .config. In comments: what is used with a difference, and what is lost.')
  await run(convertToTypeScript(config))
})

test('the example file becomes readable TypeScript', async t => {
  const config = readConfig(fileURLToPath(new URL('../../../examples/web.config', import.meta.url)))
  t.match(convertToTypeScript(config), `  await fastify.register(urlRewrite, {
    rules: [
      {
        name: 'ReverseProxy',
        stopProcessing: true,
        match: { url: '(.*)' },
        conditions: {
          logicalGrouping: 'MatchAny',
          add: [
            { input: '{HTTP_HOST}', pattern: 'localhost' },
            { input: '{HTTP_HOST}', pattern: 'reverseproxy.com' }
          ]
        },
        serverVariables: [{ name: 'HTTP_SEC_WEBSOCKET_EXTENSIONS', value: '' }],
        action: { type: 'Rewrite', url: 'http://localhost:8080/{R:1}' }
      }
    ],
    originalUrlHeader: true
  })`)
})

test('a folder of this machine and the certificate have their remarks where they stand, and no parameter is unused', async t => {
  const files = convertToTypeScript(readConfigText('<configuration><system.webServer><rewrite><rules><rule name="a"><match url=".*" /><conditions><add input="{REQUEST_FILENAME}" matchType="IsFile" /></conditions></rule></rules></rewrite></system.webServer></configuration>', join('/srv', 'web.config')))
  t.match(files, /\n {4}\/\/ the folder of the web\.config, .*\n {4}documentRoot: /)
  const sites = convertToTypeScript(readConfigText('<configuration><system.applicationHost><sites><site name="s" id="1"><bindings><binding protocol="https" bindingInformation="*:443:www.example.com" sslFlags="1" certificateHash="a1b2" /></bindings></site></sites></system.applicationHost></configuration>', 'applicationHost.config'))
  t.match(sites, /\n {4}\/\/ ≈ line 1, <binding [^\n]*Cert:\\LocalMachine\\My\\A1B2[^\n]*\n {4}certificate: 'development'/)
  t.equal(sites.split('Export-PfxCertificate').length, 2, 'once')
  for (const code of [files, sites, convertToTypeScript(readConfigText('<configuration />'))]) {
    await run(code)
    const host = ts.createCompilerHost({})
    const source = ts.createSourceFile('site.ts', code, ts.ScriptTarget.ES2023)
    const program = ts.createProgram(['site.ts'], { noUnusedParameters: true, noUnusedLocals: true, noResolve: true, noEmit: true, types: [] }, { ...host, getSourceFile: (name, ...rest) => name === 'site.ts' ? source : host.getSourceFile(name, ...rest) })
    t.same(program.getSemanticDiagnostics(source).map(one => one.code).filter(code => code === 6133 || code === 6192), [])
  }
})
