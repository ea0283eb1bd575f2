import t from 'tap'
import { EnvironmentError, readEnvironment } from '../start/environment.ts'
import { sentenceOf } from '../start/failure.ts'

t.test('an empty environment means the article\'s ports', async t => {
  t.same(readEnvironment({}), { httpPort: 8000, httpsPort: 8443, backendPort: 8080, logDirectory: 'logs', upstream: null })
})

t.test('every mistake is told at once, a sentence for each, naming its variable', async t => {
  const mistaken = { HTTP_PORT: 'eighty', HTTPS_PORT: '70000', BACKEND_PORT: '-1', UPSTREAM: 'localhost:8080' }
  t.throws(() => readEnvironment(mistaken), EnvironmentError)
  try {
    readEnvironment(mistaken)
  } catch (error) {
    const lines = (error as Error).message.split('\n')
    t.same(lines.map(line => line.split(' ')[0]), ['HTTP_PORT', 'HTTPS_PORT', 'BACKEND_PORT', 'UPSTREAM'])
  }
})

t.test('one port for two listeners is a mistake, unless it is 0', async t => {
  t.throws(() => readEnvironment({ HTTP_PORT: '9000', HTTPS_PORT: '9000' }), /HTTPS_PORT is 9000, which HTTP_PORT has already/)
  t.throws(() => readEnvironment({ BACKEND_PORT: '8000' }), /BACKEND_PORT is 8000/)
  t.equal(readEnvironment({ BACKEND_PORT: '8000', UPSTREAM: 'http://localhost:1' }).upstream, 'http://localhost:1')
  t.equal(readEnvironment({ HTTP_PORT: '0', HTTPS_PORT: '0', BACKEND_PORT: '0' }).httpPort, 0)
})

t.test('a port in use becomes a sentence that names the setting', async t => {
  const system = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE', port: 8443 })
  t.match(sentenceOf(Object.assign(new Error('listener failed', { cause: system }), { label: 'HTTPS_PORT' })),
    /^HTTPS_PORT: port 8443 is in use by another program.*\(HTTPS_PORT=…\)\.$/)
  t.match(sentenceOf(Object.assign(new Error('listen EACCES'), { code: 'EACCES', port: 80 })), /^HTTP_PORT: .*no right to port 80/)
})

t.test('an error that no setting explains keeps its stack', async t => {
  const error = new Error('something else')
  t.equal(sentenceOf(error), error.stack)
})
