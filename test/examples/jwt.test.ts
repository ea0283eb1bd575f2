// examples/jwt: 401 without a token, 101 with one, closed when it expires or its user logs out.
import t, { type Test } from 'tap'
import { browser, withoutChromium } from '../chromium.ts'
import { converse, type Conversation, type Heard } from '../conversation.ts'
import { endsInOrder, example, type Example } from './started.ts'

async function login ({ url }: Example): Promise<{ cookie: string, authorization: string }> {
  const response = await fetch(`${url}/login`, { method: 'POST' })
  const { token } = await response.json() as { token: string }
  const [cookie = ''] = response.headers.getSetCookie()
  return { cookie: cookie.split(';')[0]!, authorization: `Bearer ${token}` }
}

t.test('without a token a handshake gets 401 and the upstream is not asked; with one it is open, for this user', async t => {
  const started = await example(t, 'jwt', { TOKEN_SECONDS: '600' })
  const socket = `${started.url.replace('http', 'ws')}/app/`
  const invalid: Array<Record<string, string>> = [{}, { authorization: 'Bearer a.b.c' }, { cookie: 'token=a.b.c' }]
  for (const headers of invalid) {
    t.match(await converse(socket, { headers }), { status: 401 })
    t.equal((await fetch(`${started.url}/app/`, { headers })).status, 401)
  }
  const { cookie, authorization } = await login(started)
  const valid: Array<Record<string, string>> = [{ cookie }, { authorization, 'x-user': 'root' }]
  const both = await Promise.all(valid.map(async headers => {
    return await converse(socket, { headers }, async ({ socket, next }) => {
      t.equal(await next(), 'text:hello ann')
      socket.send('it works')
      t.equal(await next(), 'text:you said it works')
    })
  }))
  t.match(both, [{ status: 101, code: 1000 }, { status: 101, code: 1000 }])
  // Its output comes by another way than its messages.
  await started.says(/(a WebSocket of ann[^]*){2}/)
  t.equal(started.output().match(/a WebSocket of/g)?.length, 2, 'and no more')
  t.equal(await (await fetch(`${started.url}/app/`, { headers: { authorization, 'x-user': 'root' } })).text(), 'hello ann')
  await endsInOrder(t, started)
})

/** How a WebSocket ends whose client does nothing. */
async function ends (t: Test, started: Example, headers: Record<string, string>, speak = async (_conversation: Conversation): Promise<void> => {}): Promise<Pick<Heard, 'status' | 'code' | 'reason'>> {
  const { status, code, reason } = await converse(`${started.url.replace('http', 'ws')}/app/`, { headers }, async conversation => {
    t.equal(await conversation.next(), 'text:hello ann')
    await speak(conversation)
    await conversation.closed
  })
  return code === undefined ? { status } : { status, code, reason: reason ?? '' }
}

t.test('a WebSocket is closed when its token expires, and the token opens no other', async t => {
  const started = await example(t, 'jwt', { TOKEN_SECONDS: '4' })
  // On a busy machine a token may expire before it is used.
  for (;;) {
    const { authorization } = await login(started)
    const end = await ends(t, started, { authorization }).catch(() => null)
    if (end === null || end.status === 401) continue
    t.same(end, { status: 101, code: 3000, reason: 'the token has expired' })
    t.match(await converse(`${started.url.replace('http', 'ws')}/app/`, { headers: { authorization } }), { status: 401 })
    break
  }
})

t.test('a logout ends the WebSockets of its user', async t => {
  const started = await example(t, 'jwt', { TOKEN_SECONDS: '600' })
  const headers = await login(started)
  const end = await ends(t, started, headers, async () => {
    t.same(await (await fetch(`${started.url}/app/logout`, { method: 'POST', headers })).json(), { closed: 1 })
  })
  t.same(end, { status: 101, code: 3000, reason: 'signed out' })
  t.equal((await fetch(`${started.url}/app/logout`, { method: 'POST' })).status, 401)
})

t.test('the page: refused, logged in, open, logged out', { skip: withoutChromium }, async t => {
  const { url } = await example(t, 'jwt', { TOKEN_SECONDS: '600' })
  const page = await (await browser(t)).newPage()
  await page.goto(url)
  for (const [button, says] of [['open a WebSocket', 'closed with 1006'], ['log in', 'logged in: 200'], ['open a WebSocket', 'hello ann'], ['log out', 'closed with 3000 signed out']] as const) {
    await page.getByText(button, { exact: true }).click()
    await page.locator('li', { hasText: says }).waitFor()
    t.pass(says)
  }
})
