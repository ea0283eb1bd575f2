import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { certificateOf, filesOf, isDevelopment, levelOf, openOf, trustProxyOf, webConfigOf } from '../start/settings/command-line.ts'
import { EnvironmentError, readEnvironment } from '../start/settings/environment.ts'
import { helpText, VARIABLES } from '../start/settings/help.ts'
import { asksForHelp, checkWords } from '../start/settings/options.ts'
import { root } from './packages.ts'
import { sentenceOf } from '../start/end/failure.ts'

t.test('an empty environment means the article\'s ports', async t => {
  t.same(readEnvironment({}), { httpPort: 8000, httpsPort: 8443, backendPort: 8080, metricsPort: null, monitorPort: 8001, workers: null, logDirectory: 'logs', traces: true, upstream: null, webConfig: null, root: [], base: null, files: null, open: [], certificate: [], developmentCertificate: false, certificates: 'certificates', hosts: null, upstreamDns: false, metricsHost: '127.0.0.1', maxTunnels: null, leaving: { delay: 0, window: 1000, deadline: 3500 } })
})

t.test('all mistakes are reported at once, a sentence for each, naming its variable', async t => {
  const mistaken = { HTTP_PORT: 'eighty', HTTPS_PORT: '70000', BACKEND_PORT: '-1', UPSTREAM: 'localhost:8080' }
  t.throws(() => readEnvironment(mistaken), EnvironmentError)
  try {
    readEnvironment(mistaken)
  } catch (error) {
    const lines = (error as Error).message.split('\n')
    t.same(lines.map(line => line.split(' ')[0]), ['HTTP_PORT', 'HTTPS_PORT', 'BACKEND_PORT', 'UPSTREAM'])
  }
})

t.test('the monitor has its port with workers as well, which it shows all together', async t => {
  t.match(readEnvironment({ WORKERS: '2' }), { workers: 2, monitorPort: 8001 })
  t.match(readEnvironment({ WORKERS: 'auto', MONITOR_PORT: 'off' }), { monitorPort: null })
})

t.test('TRACES is on or off', async t => {
  for (const [text, traces] of [['', true], ['on', true], ['off', false], ['OFF', false]] as const) t.equal(readEnvironment({ TRACES: text }).traces, traces, text)
  t.throws(() => readEnvironment({ TRACES: 'no' }), { message: 'TRACES must be on or off, and not "no".' })
})

t.test('one port for two listeners is a mistake, unless it is 0', async t => {
  t.throws(() => readEnvironment({ HTTP_PORT: '9000', HTTPS_PORT: '9000' }), /HTTPS_PORT is 9000, which HTTP_PORT has already/)
  t.throws(() => readEnvironment({ BACKEND_PORT: '8000' }), /BACKEND_PORT is 8000/)
  t.equal(readEnvironment({ BACKEND_PORT: '8000', UPSTREAM: 'http://localhost:1' }).upstream, 'http://localhost:1')
  t.equal(readEnvironment({ HTTP_PORT: '8080', WEB_CONFIG: 'web.config' }).webConfig, 'web.config')
  t.equal(readEnvironment({ HTTP_PORT: '0', HTTPS_PORT: '0', BACKEND_PORT: '0' }).httpPort, 0)
})

t.test('an UPSTREAM with a user, a query or a fragment is a mistake, whose sentence does not repeat the password', async t => {
  for (const upstream of ['http://user:secret@localhost:1', 'http://localhost:1/?a=b', 'http://localhost:1/#part']) {
    t.throws(() => readEnvironment({ UPSTREAM: upstream }), { message: /^UPSTREAM must be a URL of a host and a path/ }, upstream)
  }
  t.throws(() => readEnvironment({ UPSTREAM: 'http://user:secret@localhost:1' }), { message: /^((?!secret).)*$/s })
  t.equal(readEnvironment({ UPSTREAM: 'https://[::1]:1/app/' }).upstream, 'https://[::1]:1/app/')
})

t.test('an upstream that is the site itself is a mistake', async t => {
  t.throws(() => readEnvironment({ UPSTREAM: 'http://localhost:8000/app' }), { message: 'UPSTREAM is this site itself: HTTP_PORT is 8000.' })
  t.throws(() => readEnvironment({ UPSTREAM: 'https://[::1]', HTTPS_PORT: '443' }), { message: 'UPSTREAM is this site itself: HTTPS_PORT is 443.' })
  t.equal(readEnvironment({ UPSTREAM: 'http://elsewhere.example:8000' }).upstream, 'http://elsewhere.example:8000')
  t.equal(readEnvironment({ UPSTREAM: 'http://localhost:8443' }).upstream, 'http://localhost:8443')
})

t.test('--web-config is found on the command line, behind one `--` or two or none', async t => {
  for (const words of ['-- --web-config a.config', '--web-config a.config', '-- --web-config=a.config', '-- --webConfig a.config']) {
    t.equal(webConfigOf(['node', 'fastify', 'start', '--options', 'dist/app.js', ...words.split(' ')]), 'a.config', words)
  }
  t.equal(webConfigOf(['node', 'fastify', 'start', '--options', 'dist/app.js']), null)
  for (const words of ['--web-config', '--web-config=', '--web-config --options', '--web-config a --web-config']) {
    t.throws(() => webConfigOf(words.split(' ')), { name: 'EnvironmentError', message: /--web-config .*: npm start -- -- --web-config FILE\.$/ }, words)
  }
})

t.test('--open takes names with commas, more than once; OPEN does as well', async t => {
  for (const words of ['-- --web-config a --open ipSecurity,access', '--open ipSecurity --web-config a --open access', '-- --open=ipSecurity --open=access']) {
    t.equal(openOf(['node', 'fastify', 'start', ...words.split(' ')]), 'ipSecurity,access', words)
  }
  t.equal(openOf(['node', 'fastify', 'start', '--options', 'dist/app.js']), null)
  for (const words of ['--open', '--open=', '--open --web-config a']) {
    t.throws(() => openOf(words.split(' ')), { name: 'EnvironmentError', message: /^--open needs names of sections/ }, words)
  }
  t.same(readEnvironment({ OPEN: ' ipSecurity, access,' }).open, ['ipSecurity', 'access'])
})

t.test('--certificate, --development-certificate and --trust-proxy are found at any position', async t => {
  const words = (text: string): string[] => ['node', 'fastify', 'start', ...text.split(' ')]
  t.equal(certificateOf(words('-- --certificate a.example=a.pfx --certificate=certificates')), 'a.example=a.pfx;certificates')
  t.equal(certificateOf(words('--development-certificate')), null)
  t.equal(isDevelopment(words('-- --web-config a --development-certificate')), true)
  t.equal(isDevelopment(words('-- --web-config a')), false)
  t.equal(trustProxyOf(words('--trust-proxy 10.0.0.0/8,::1 --trust-proxy loopback')), '10.0.0.0/8,::1,loopback')
  t.equal(trustProxyOf(words('--trust-proxy-ips 10.0.0.1')), null, 'fastify-cli\'s own')
  for (const text of ['--certificate', '--certificate= --open x', '--certificate --open x']) t.throws(() => certificateOf(words(text)), { name: 'EnvironmentError', message: /^--certificate needs a file/ }, text)
  t.throws(() => trustProxyOf(words('--trust-proxy --open x')), { name: 'EnvironmentError', message: /^--trust-proxy needs addresses/ })
})

t.test('TRUST_PROXY takes addresses and networks, and not everybody', async t => {
  for (const entry of ['10.0.0.5', '10.0.0.0/8', '::1', 'fd00::/8', 'loopback', 'linklocal, uniquelocal', '']) t.ok(readEnvironment({ TRUST_PROXY: entry }), entry)
  for (const entry of ['true', '*', '0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.0/', 'balancer.example', '10.0.0.5,all']) {
    t.throws(() => readEnvironment({ TRUST_PROXY: entry }), { name: 'EnvironmentError', message: /^TRUST_PROXY must be addresses or networks/ }, entry)
  }
})

t.test('CERTIFICATES are entries with semicolons, and DEVELOPMENT_CERTIFICATE is 1, true or yes', async t => {
  t.same(readEnvironment({ CERTIFICATES: 'a.example=a.pfx;b.crt,b.key' }).certificate, ['a.example=a.pfx', 'b.crt,b.key'])
  t.equal(readEnvironment({ DEVELOPMENT_CERTIFICATE: '1' }).developmentCertificate, true)
  t.equal(readEnvironment({ DEVELOPMENT_CERTIFICATE: '0' }).developmentCertificate, false)
})

t.test('a file that refuses requests is reported with each section, and with the option that lets them through', async t => {
  const problem = { file: 'web.config', line: 5, column: 7, message: 'access: sslFlags="Ssl" refuses requests without TLS (403.4)' }
  const told = Object.assign(new Error('not this'), { code: 'FST_ARR_IIS_CONFIG_CLOSED_DOORS', problems: [problem], open: ['verbs', 'access'] })
  t.equal(sentenceOf(told), `The site does not start: IIS refuses requests that nothing refuses here.
web.config:5:7: access: sslFlags="Ssl" refuses requests without TLS (403.4)
To let all of them through: --open verbs,access behind --web-config, or OPEN=verbs,access`)
})

t.test('a port in use becomes a sentence that names the setting', async t => {
  const system = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', port: 8443 })
  t.match(sentenceOf(Object.assign(new Error('listener failed', { cause: system }), { label: 'HTTPS_PORT' })),
    /^HTTPS_PORT: port 8443 is in use by another program.*\(HTTPS_PORT=…\)\.$/)
  t.match(sentenceOf(Object.assign(new Error('listen EACCES'), { code: 'EACCES', port: 80 }), 'linux'), /^HTTP_PORT: .*no right to port 80/)
  t.match(sentenceOf(Object.assign(new Error('listen EACCES'), { code: 'EACCES', port: 8000 }), 'win32'), /^HTTP_PORT: Windows keeps port 8000 .*excludedportrange.*choose another \(HTTP_PORT=…\)\.$/)
})

t.test('EACCES of a folder is not reported as EACCES of a port', async t => {
  const system = Object.assign(new Error('EACCES: permission denied, open \'certificates/development-ca.pem\''), { code: 'EACCES', syscall: 'open' })
  const told = Object.assign(new Error('Listener \'https port 8443\' (HTTPS_PORT): the development certificate cannot be kept in certificates: EACCES.', { cause: new Error('kept', { cause: system }) }),
    { code: 'FST_ARR_LISTENERS_CERTIFICATE', label: 'HTTPS_PORT' })
  t.equal(sentenceOf(told), 'CERTIFICATE_DIR: the development certificate cannot be kept in certificates (this user may not write there): choose another folder (CERTIFICATE_DIR=…), or open no https (HTTPS_PORT=off).')
  const readOnly = Object.assign(new Error('Listener \'https port 443\': the development certificate cannot be kept in /srv/c: EROFS.'), { code: 'FST_ARR_LISTENERS_CERTIFICATE', label: null })
  t.equal(sentenceOf(readOnly), 'CERTIFICATE_DIR: the development certificate cannot be kept in /srv/c (it is on a read-only file system): choose another folder (CERTIFICATE_DIR=…), or give certificates (CERTIFICATES=…).')
})

t.test('a file of IIS that is not there is one sentence with the variable', async t => {
  const told = Object.assign(new Error('x.config:1:1: cannot be read: ENOENT'), { code: 'FST_ARR_IIS_CONFIG_UNREADABLE', problems: [{ file: 'x.config', line: 1, column: 1, message: 'cannot be read: ENOENT: no such file or directory, stat \'x.config\'' }] })
  t.equal(sentenceOf(told), 'WEB_CONFIG, or --web-config: there is no x.config.')
})

t.test('a word that is no option is a mistake with the nearest name, or with its variable', async t => {
  const check = (...words: string[]) => () => checkWords(['node', 'cli.js', 'start', '--options', '--require', './a.js', 'dist/app.js', ...words], VARIABLES)
  for (const [words, told] of [
    [['--', '--web-confg', 'x'], '--web-confg is no option: the nearest is --web-config.'],
    [['--trust-prox=10.0.0.0/8'], '--trust-prox is no option: the nearest is --trust-proxy.'],
    [['--http-port', '9000'], '--http-port is no option: it is the variable HTTP_PORT (HTTP_PORT=…).'],
    [['--', '--upstream=http://a'], '--upstream is no option: it is the variable UPSTREAM (UPSTREAM=…).'],
    [['--', 'web.config'], '"web.config" belongs to no option: a file of IIS is given as --web-config FILE.'],
    [['-z'], '-z is no option.']
  ] as const) t.throws(check(...words), { name: 'EnvironmentError', message: told }, words.join(' '))
  t.throws(check('--', '--web-confg', 'x'), { message: /^((?!"x").)*$/s }, 'the value of a misspelt option is no mistake of its own')
  for (const words of [['--', '--web-config', 'a', '--root', 'a=b', '--no-files'], ['--address', '0.0.0.0', '-p', '1', '--', '--files=true', '--webConfig=a'], ['--pretty-logs', '--pluginTimeout', '5', '-w']]) {
    t.doesNotThrow(check(...words), words.join(' '))
  }
})

t.test('FASTIFY_LOG_LEVEL is one of the levels', async t => {
  t.throws(() => readEnvironment({ FASTIFY_LOG_LEVEL: 'chatty' }), { message: 'FASTIFY_LOG_LEVEL must be trace, debug, info, warn, error, fatal or silent, and not "chatty".' })
  for (const level of ['', 'silent', 'trace']) t.doesNotThrow(() => readEnvironment({ FASTIFY_LOG_LEVEL: level }))
  t.equal(levelOf(['start', '--log-level', 'warn']), 'warn')
})

t.test('METRICS_PORT is a port of its own, or none', async t => {
  t.equal(readEnvironment({ METRICS_PORT: '9464' }).metricsPort, 9464)
  t.throws(() => readEnvironment({ METRICS_PORT: '8000' }), { message: 'METRICS_PORT is 8000, which HTTP_PORT has already.' })
  t.throws(() => readEnvironment({ METRICS_PORT: 'on' }), /^METRICS_PORT must be a port/)
})

t.test('PORT is the http port where HTTP_PORT is not set', async t => {
  t.equal(readEnvironment({ PORT: '9000' }).httpPort, 9000)
  t.equal(readEnvironment({ PORT: '9000', HTTP_PORT: '9001' }).httpPort, 9001)
  t.throws(() => readEnvironment({ PORT: 'x' }), /^PORT must be a port/)
  t.throws(() => readEnvironment({ PORT: '8443' }), /HTTPS_PORT is 8443, which PORT has already/)
})

t.test('HTTPS_PORT=off opens no https, and an UPSTREAM without a scheme is asked back', async t => {
  t.equal(readEnvironment({ HTTPS_PORT: 'off' }).httpsPort, null)
  t.throws(() => readEnvironment({ HTTPS_PORT: 'no' }), /^HTTPS_PORT must be a port, a whole number from 0 to 65535, or off, and not "no"/)
  t.equal(readEnvironment({ CERTIFICATE_DIR: '/srv/c' }).certificates, '/srv/c')
  for (const upstream of ['localhost:3000', 'backend', '[::1]:1/app']) t.throws(() => readEnvironment({ UPSTREAM: upstream }), { message: `did you mean http://${upstream}?` })
  for (const upstream of ['ftp://a', 'user:secret@a', 'a b']) t.throws(() => readEnvironment({ UPSTREAM: upstream }), { message: /^((?!did you mean).)*$/ })
})

t.test('--help is one screen, and has each variable that is documented', async t => {
  const lines = helpText().split('\n')
  t.ok(lines.length <= 23, `${lines.length} lines`)
  t.same(lines.filter(line => line.length > 80), [])
  const documented = [...readFileSync(join(root, 'docs', 'guide', 'settings.md'), 'utf8').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name as string)
  t.ok(documented.length > 10)
  t.same(documented.filter(name => !VARIABLES.includes(name)), [])
  t.ok(asksForHelp(['node', 'cli.js', 'start', 'dist/app.js', '--', '--help']))
})

t.test('an error that no setting explains is reported with its stack', async t => {
  const error = new Error('something else')
  t.equal(sentenceOf(error), error.stack)
})

t.test('--files and --no-files are said alone, the last one counts, and another word is a mistake', async t => {
  for (const [words, said] of [[[], null], [['--files'], 'true'], [['--no-files'], 'false'], [['--files=false'], 'false'], [['--no-files', '--files=true'], 'true'], [['--filesystem'], null]] as const) {
    t.equal(filesOf(words), said, words.join(' '))
  }
  t.throws(() => filesOf(['--files=maybe']), EnvironmentError)
  t.throws(() => filesOf(['--no-files=true']), EnvironmentError)
})
