// The inbound rules of IIS URL Rewrite 2.1, each with the example and the result its documentation gives.

import t from 'tap'
import { outcome, rewritten, rule } from './engine.ts'
import { rewriteOf, serve } from './serving.ts'
import type { Condition, Conditions, RewriteMap, Rule } from '../src/index.ts'

const when = (...add: Condition[]): Conditions => ({ add })

t.test('the input has no leading slash and no query, and is decoded', async t => {
  t.equal(rewritten({ rules: [rule('^content/default\\.aspx$', '/ok')] }, { url: '/content/default.aspx?tabid=2&subtabid=3' }), '/ok?tabid=2&subtabid=3')
  t.equal(rewritten({ rules: [rule('^a b/ü$', '/ok')] }, { url: '/a%20b/%C3%BC' }), '/ok')
  t.equal(rewritten({ rules: [rule('^/', '/ok')] }, { url: '/content' }), null)
  t.equal(rewritten({ rules: [rule('^$', '/root')] }, { url: '/' }), '/root')
})

t.test('an ECMAScript pattern searches anywhere, ignoring case unless ignoreCase is false', async t => {
  t.equal(rewritten({ rules: [rule('ONE', '/ok')] }, { url: '/x/one/y' }), '/ok')
  t.equal(rewritten({ rules: [rule('ONE', '/ok', { match: { url: 'ONE', ignoreCase: false } })] }, { url: '/x/one/y' }), null)
})

t.test('a wildcard compares the whole input: * is captured, ? is not', async t => {
  const wildcard = (pattern: string, to: string): Rule => rule(pattern, to, { patternSyntax: 'Wildcard' })
  t.equal(rewritten({ rules: [wildcard('*/*.html', '/{R:1}/{R:2}')] }, { url: '/contoso/test.html' }), '/contoso/test')
  t.equal(rewritten({ rules: [wildcard('Scripts/*_in.???', '/s/{R:1}-{R:2}')] }, { url: '/scripts/a_b_in.js1' }), '/s/a_b-')
  t.equal(rewritten({ rules: [wildcard('a.b', '/no')] }, { url: '/axb' }), null)
  t.equal(rewritten({ rules: [wildcard('a', '/no')] }, { url: '/ab' }), null)
  t.equal(rewritten({ rules: [wildcard('*', '/all')] }, { url: '/' }), '/all')
})

t.test('an exact match is equality', async t => {
  t.equal(rewritten({ rules: [rule('a.b', '/{R:0}!', { patternSyntax: 'ExactMatch' })] }, { url: '/A.b' }), '/A.b!')
  t.equal(rewritten({ rules: [rule('a.b', '/ok', { patternSyntax: 'ExactMatch' })] }, { url: '/xa.b' }), null)
})

t.test('a negated match has no captures', async t => {
  const not = rule('^(api)/', '/site/{R:0}{R:1}end', { match: { url: '^(api)/', negate: true } })
  t.equal(rewritten({ rules: [not] }, { url: '/api/x' }), null)
  t.equal(rewritten({ rules: [not] }, { url: '/x' }), '/site/end')
})

t.test('captures are numbered as documented: www.foo.com', async t => {
  const to = '/{C:0}/{C:1}/{C:2}'
  t.equal(rewritten({ rules: [rule('.*', to, { conditions: when({ input: '{HTTP_HOST}', pattern: '^(www\\.)(.*)$' }) })] }, { headers: { host: 'www.foo.com' } }), '/www.foo.com/www./foo.com')
})

t.test('the subdomain example: rule and condition captures together', async t => {
  const example = rule('^(.+)', '{C:1}/{R:1}', { conditions: when({ input: '{HTTP_HOST}', pattern: '^([^.]+)\\.mysite\\.com$' }) })
  t.equal(rewritten({ rules: [example] }, { url: '/page.aspx', headers: { host: 'shop.mysite.com' } }), '/shop/page.aspx')
})

t.test('{C:n} is of the last condition that matched; trackAllCaptures numbers them all', async t => {
  const conditions = { trackAllCaptures: true, add: [{ input: '{REQUEST_URI}', pattern: '^/([a-zA-Z]+)/([0-9]+)/' }, { input: '{QUERY_STRING}', pattern: 'p2=([a-z]+)' }] }
  const url = '/article/23/?p1=123&p2=abc'
  const to = (text: string): Rule['action'] => ({ type: 'Rewrite', url: text, appendQueryString: false })
  t.equal(rewritten({ rules: [rule('.*', '', { conditions, action: to('/{C:1}-{C:2}-{C:3}?{C:0}') })] }, { url }), '/article-23-abc?/article/23/')
  t.equal(rewritten({ rules: [rule('.*', '', { conditions: { ...conditions, trackAllCaptures: false }, action: to('/{C:0}-{C:1}-{C:2}') })] }, { url }), '/p2=abc-abc-')
})

t.test('a condition sees the captures of those before it', async t => {
  const conditions = when({ input: '{HTTP_HOST}', pattern: '^(\\w+)\\.' }, { input: '{C:1}/{R:1}', pattern: '^shop/(.*)$' })
  t.equal(rewritten({ rules: [rule('^(.*)$', '/{C:1}', { conditions })] }, { url: '/x', headers: { host: 'shop.example' } }), '/x')
})

t.test('MatchAll needs every condition, MatchAny one of them; negate inverts one', async t => {
  const add = [{ input: '{HTTP_HOST}', pattern: 'a' }, { input: '{REQUEST_METHOD}', pattern: 'POST' }]
  const hit = (logicalGrouping: 'MatchAll' | 'MatchAny', host: string, method: string): boolean =>
    rewritten({ rules: [rule('.*', '/ok', { conditions: { logicalGrouping, add } })] }, { headers: { host }, method }) !== null
  t.strictSame([hit('MatchAll', 'a', 'POST'), hit('MatchAll', 'a', 'GET'), hit('MatchAny', 'a', 'GET'), hit('MatchAny', 'b', 'GET')], [true, false, true, false])
  t.equal(rewritten({ rules: [rule('.*', '/ok', { conditions: when({ input: '{HTTP_HOST}', pattern: 'a', negate: true }) })] }, { headers: { host: 'b' } }), '/ok')
})

t.test('a rewritten URL is the next rule\'s input, until stopProcessing', async t => {
  const chain = (stopProcessing: boolean): Rule[] => [rule('^a$', '/b?x=1', { stopProcessing }), rule('^b$', '/c')]
  t.equal(rewritten({ rules: chain(false) }, { url: '/a' }), '/c?x=1')
  t.equal(rewritten({ rules: chain(true) }, { url: '/a' }), '/b?x=1')
  t.equal(rewritten({ rules: [rule('^z$', '/never', { stopProcessing: true }), rule('^a$', '/b')] }, { url: '/a' }), '/b', 'only where it matched')
})

t.test('global rules come first and stop only themselves; then the site\'s; then the directory\'s, outer before inner', async t => {
  const options = {
    globalRules: [rule('^a$', '/app/in/b', { stopProcessing: true }), rule('.*', '/never')],
    siteRules: { One: [rule('^app/(.*)$', '/app/{R:1}1')], Two: [rule('.*', '/two')] },
    pathRules: [{ path: '/app/in', rules: [rule('^(b.*)$', '{R:1}3')] }, { path: '/app', rules: [rule('^in/(.*)$', 'in/{R:1}2')] }, { path: '/App2', rules: [rule('.*', '/never')] }]
  }
  t.equal(rewritten(options, { url: '/a', siteName: 'One' }), '/app/in/b123')
  t.equal(rewritten(options, { url: '/app/x', siteName: 'Unknown' }), '/never')
})

t.test('a directory\'s rules see the path below it, whatever its case', async t => {
  const options = { pathRules: [{ path: '/Content', rules: [rule('^default\\.aspx$', 'other.aspx')] }] }
  t.equal(rewritten(options, { url: '/content/default.aspx' }), '/Content/other.aspx')
  t.equal(rewritten(options, { url: '/contents/default.aspx' }), null)
})

t.test('the directory itself is an empty path to its rules, with and without its slash', async t => {
  const options = { pathRules: [{ path: '/app', rules: [rule('^(.*)$', '/new/{R:1}')] }] }
  for (const url of ['/app', '/app/', '/%61pp', '/%61pp/']) t.equal(rewritten(options, { url }), '/new/', url)
})

t.test('a path that a rule has moved out of the directory is seen whole by the directory\'s later rules', async t => {
  const rules = (pattern: string): Rule[] => [rule('^go$', '/other/place'), rule(pattern, '/found')]
  const to = (pattern: string) => rewritten({ pathRules: [{ path: '/app', rules: rules(pattern) }] }, { url: '/app/go' })
  t.equal(to('^r/place$'), '/other/place')
  t.equal(to('^other/place$'), '/found')
})

t.test('after a rewrite to an absolute URL the rules of the site are not tried', async t => {
  t.equal(rewritten({ globalRules: [rule('(.*)', 'http://h/{R:1}')], rules: [rule('.*', '/never')] }, { url: '/a' }), 'http://h/a')
})

t.test('the query is appended unless appendQueryString is false, and joined with &', async t => {
  const to = (url: string, appendQueryString?: boolean): string | null =>
    rewritten({ rules: [rule('.*', '', { action: { type: 'Rewrite', url, ...(appendQueryString === undefined ? {} : { appendQueryString }) } })] }, { url: '/a?q=1&q=2' })
  t.equal(to('/x'), '/x?q=1&q=2')
  t.equal(to('/x?y=1'), '/x?y=1&q=1&q=2')
  t.equal(to('/x', false), '/x')
  t.equal(to('/x?y=1', false), '/x?y=1')
  t.equal(to('https://{HTTP_HOST}{REQUEST_URI}'), 'https://localhost/a?q=1&q=2&q=1&q=2', 'the classic mistake doubles it, as in IIS')
})

t.test('redirects: 301 by default, 308 as well, absolute or relative', async t => {
  const to = (url: string, redirectType?: 302 | 303 | 307 | 308): string | null =>
    rewritten({ rules: [rule('^(.*)$', '', { action: { type: 'Redirect', url, ...(redirectType === undefined ? {} : { redirectType }) } })] }, { url: '/a b'.replace(' ', '%20') + '?q' })
  t.equal(to('https://{HTTP_HOST}/{R:1}'), '301 https://localhost/a%20b?q')
  t.equal(to('new/{R:1}', 302), '302 /new/a%20b?q')
  t.equal(to('/x', 303), '303 /x?q')
  t.equal(to('/x', 307), '307 /x?q')
  t.equal(to('/#/app/{R:1}', 308), '308 /?q#/app/a%20b')
  t.equal(to('//cdn.example/{R:1}'), '301 //cdn.example/a%20b?q')
})

t.test('actions that end the request end the rules', async t => {
  const custom = rule('^a$', '', { action: { type: 'CustomResponse', statusCode: 403, subStatusCode: 4, statusReason: 'No {HTTP_HOST}', statusDescription: 'Not for {R:0}' } })
  t.strictSame(outcome({ rules: [custom, rule('.*', '/never')] }, { url: '/a' }), { type: 'CustomResponse', rule: custom.name, status: 403, subStatus: 4, reason: 'No localhost', description: 'Not for a' })
  t.equal(rewritten({ rules: [rule('^a$', '', { action: { type: 'AbortRequest' } }), rule('.*', '/never')] }, { url: '/a' }), 'AbortRequest')
})

t.test('None sets server variables, keeps the URL as sent and honours stopProcessing', async t => {
  const none = rule('^a', '', { action: { type: 'None' }, stopProcessing: true, serverVariables: [{ name: 'HTTP_X_A', value: '{R:0}' }] })
  t.match(outcome({ rules: [none, rule('.*', '/never')] }, { url: '/a%2Fb?' }), { rewrite: { url: '/a%2Fb?', headers: { 'x-a': 'a' } } })
})

t.test('server variables are set before the action is expanded; replace false keeps what is there; an empty value removes', async t => {
  const variables = rule('(.*)', 'http://{HTTP_X_ROOT_DOMAIN}/{MINE}/{R:1}', {
    serverVariables: [
      { name: 'HTTP_X_ROOT_DOMAIN', value: 'inner.example' },
      { name: 'MINE', value: '{HTTP_X_ROOT_DOMAIN}-{HTTP_HOST}' },
      { name: 'HTTP_X_KEPT', value: 'new', replace: false },
      { name: 'HTTP_X_ABSENT', value: 'new', replace: false },
      { name: 'HTTP_ACCEPT_ENCODING', value: '' },
      { name: 'HTTP_X_EVIL', value: '{UrlDecode:{QUERY_STRING}}' }
    ]
  })
  t.match(outcome({ rules: [variables] }, { url: '/a?x%0D%0Ay:z', headers: { host: 'h', 'x-kept': 'old', 'accept-encoding': 'gzip' } }), {
    rewrite: {
      url: 'http://inner.example/inner.example-h/a?x%0D%0Ay:z',
      headers: { 'x-root-domain': 'inner.example', 'x-absent': 'new', 'accept-encoding': '', 'x-evil': 'x y:z', 'x-kept': undefined },
      serverVariables: { MINE: 'inner.example-h' }
    }
  })
})

t.test('every server variable that a request has a value for', async t => {
  const values: Record<string, string> = {
    HTTP_HOST: 'www.example.com:8443',
    HTTPS: 'on',
    SERVER_PORT: '8443',
    SERVER_PORT_SECURE: '1',
    REQUEST_URI: '/a b/c?x=%20',
    URL: '/a b/c',
    PATH_INFO: '/a b/c',
    SCRIPT_NAME: '/a b/c',
    HTTP_URL: '/a%20b/c?x=%20',
    UNENCODED_URL: '/a%20b/c?x=%20',
    HTTP_X_ORIGINAL_URL: '/a%20b/c?x=%20',
    QUERY_STRING: 'x=%20',
    CACHE_URL: 'https://www.example.com:8443/a b/c?x=%20',
    REMOTE_ADDR: '192.0.2.7',
    REMOTE_HOST: '192.0.2.7',
    REMOTE_PORT: '50123',
    LOCAL_ADDR: '198.51.100.1',
    SERVER_ADDR: '198.51.100.1',
    REQUEST_METHOD: 'PUT',
    SERVER_PROTOCOL: 'HTTP/1.1',
    HTTP_VERSION: 'HTTP/1.1',
    SERVER_NAME: 'www.example.com',
    INSTANCE_ID: '7',
    INSTANCE_NAME: 'Shop',
    REQUEST_FILENAME: '/srv/www/a b/c',
    DOCUMENT_ROOT: '/srv/www',
    CONTENT_LENGTH: '3',
    CONTENT_TYPE: 'text/plain',
    HTTP_USER_AGENT: 'curl',
    HTTP_ABSENT: '',
    UNHEARD_OF: '',
    RESPONSE_STATUS: '',
    REMOTE_USER: '',
    LOGON_USER: ''
  }
  const request = {
    url: '/a%20b/c?x=%20',
    method: 'PUT',
    encrypted: true,
    localPort: '8443',
    siteName: 'Shop',
    siteId: '7',
    documentRoot: '/srv/www',
    headers: { host: 'www.example.com:8443', 'user-agent': 'curl', 'content-length': '3', 'content-type': 'text/plain', 'x-original-url': '/spoofed' }
  }
  for (const [name, value] of Object.entries(values)) {
    const said = outcome({ rules: [rule('.*', '', { action: { type: 'CustomResponse', statusCode: 200, statusDescription: `{${name.toLowerCase()}}` } })] }, request)
    t.equal(said?.type === 'CustomResponse' ? said.description : null, value, name)
  }
})

t.test('functions, nested, as documented', async t => {
  const say = (template: string, url = '/R%C3%A9sum%C3%A9/A%26B?q=%3C1%3E'): string => {
    const said = outcome({ rules: [rule('^([^/]*)/?(.*)$', '', { action: { type: 'CustomResponse', statusCode: 200, statusDescription: template } })] }, { url })
    return said?.type === 'CustomResponse' ? said.description : ''
  }
  t.equal(say('{ToLower:DEFAULT.HTM}'), 'default.htm')
  t.equal(say('{ToLower:{R:1}}'), 'résumé')
  t.equal(say('{UrlEncode:résumé}'), 'r%C3%A9sum%C3%A9')
  t.equal(say('{UrlEncode:{R:2}.aspx?p=[résumé]}'), 'A%26B.aspx%3Fp%3D%5Br%C3%A9sum%C3%A9%5D')
  t.equal(say('{UrlDecode:{QUERY_STRING}}'), 'q=<1>')
  t.equal(say('{HtmlEncode:{UrlDecode:{QUERY_STRING}}}'), 'q=&lt;1&gt;')
  t.equal(say('{tolower:{URLENCODE:{R:2}}}'), 'a%26b')
})

t.test('the UrlEncode and ToLower examples, as URLs', async t => {
  t.equal(rewritten({ rules: [rule('resume', 'default.aspx?name={UrlEncode:résumé}')] }, { url: '/resume' }), '/default.aspx?name=r%C3%A9sum%C3%A9')
  t.equal(rewritten({ rules: [rule('default.aspx', 'default.aspx?type=resume', { conditions: when({ input: '{UrlDecode:{QUERY_STRING}}', pattern: 'résumé' }) })] }, { url: '/default.aspx?r%C3%A9sum%C3%A9' }), '/default.aspx?type=resume&r%C3%A9sum%C3%A9')
  t.equal(rewritten({ rules: [rule('[A-Z]', '', { match: { url: '[A-Z]', ignoreCase: false }, action: { type: 'Redirect', url: '{ToLower:{URL}}' } })] }, { url: '/%C3%89A%2FB?Q' }), '301 /%C3%A9a/b?Q')
  t.equal(rewritten({ rules: [rule('^(.*)$', 'http://h/{UrlEncode:{R:1}}')] }, { url: '/a/b%3Fc' }), 'http://h/a%2Fb%3Fc')
})

t.test('a fragment from a map is one, directly and through a condition; a # from a client is none', t => {
  const rewriteMaps: RewriteMap[] = [{ name: 'Moved', entries: { '/old': '/new?x=1#part é', '/far': 'https://far.example/a#b' } }]
  const direct = { rules: [rule('.*', '', { action: { type: 'Redirect', url: '{Moved:{URL}}' } })], rewriteMaps }
  t.equal(rewritten(direct, { url: '/old?y=2' }), '301 /new?x=1&y=2#part%20%C3%A9')
  const asked = { rules: [rule('(.*)', '', { conditions: when({ input: '{Moved:{URL}}', pattern: '(.+)' }), action: { type: 'Redirect', url: '{C:1}' } })], rewriteMaps }
  t.equal(rewritten(asked, { url: '/far?y=2' }), '301 https://far.example/a?y=2#b')
  t.equal(rewritten({ rules: [rule('(.*)', '', { conditions: when({ input: '{URL}', pattern: '(.+)' }), action: { type: 'Redirect', url: '/x{C:1}/{R:1}' } })] }, { url: '/a%23b' }), '301 /x/a%23b/a%23b')
  t.equal(rewritten({ rules: [rule('.*', '{Moved:{URL}}')], rewriteMaps }, { url: '/old' }), '/new?x=1%23part%20%C3%A9', 'an upstream is sent none')
  t.equal(rewritten({ rules: [rule('(.*)', '', { action: { type: 'Redirect', url: '{r:1}' } })], rewriteMaps }, { url: '/https://far.example/a' }), 'BadRequest', 'a capture is one in small letters, too')
  t.end()
})

t.test('rewrite maps: the documented examples, defaults, case', async t => {
  const rewriteMaps: RewriteMap[] = [
    { name: 'StaticRewrites', entries: { '/diagnostic': '/default.aspx?tabid=2&subtabid=29', '/webcasts': '/default.aspx?tabid=2&subtabid=24', '/php': '/default.aspx?tabid=7116' } },
    { name: 'StaticRedirects', entries: { '/default.aspx?tabid=7116': 'http://www.contoso.com/php' } },
    { name: 'Ports', defaultValue: '8080', ignoreCase: false, entries: { Shop: '9090' } }
  ]
  const statics = rule('.*', '{C:1}', { conditions: when({ input: '{StaticRewrites:{REQUEST_URI}}', pattern: '(.+)' }) })
  t.equal(rewritten({ rules: [statics], rewriteMaps }, { url: '/Diagnostic' }), '/default.aspx?tabid=2&subtabid=29')
  t.equal(rewritten({ rules: [statics], rewriteMaps }, { url: '/default.aspx' }), null)
  const redirects = rule('.*', '', { action: { type: 'Redirect', url: '{C:1}', appendQueryString: false }, conditions: when({ input: '{staticredirects:{REQUEST_URI}}', pattern: '(.+)' }) })
  t.equal(rewritten({ rules: [redirects], rewriteMaps }, { url: '/default.aspx?tabid=7116' }), '301 http://www.contoso.com/php')
  const ports = rule('^(\\w*)/(.*)$', 'http://localhost:{Ports:{R:1}}/{R:2}')
  t.equal(rewritten({ rules: [ports], rewriteMaps }, { url: '/Shop/a' }), 'http://localhost:9090/a')
  t.equal(rewritten({ rules: [ports], rewriteMaps }, { url: '/shop/a' }), 'http://localhost:8080/a')
})

t.test('ws and wss become http and https', async t => {
  const idiom = (scheme: string): Rule => rule('(.*)', '{C:1}://localhost:8080/{R:1}', { conditions: when({ input: `${scheme}://x`, pattern: '^(.+)://' }) })
  t.equal(rewritten({ rules: [idiom('ws')] }, { url: '/a' }), 'http://localhost:8080/a')
  t.equal(rewritten({ rules: [idiom('wss')] }, { url: '/a' }), 'https://localhost:8080/a')
  t.equal(rewritten({ rules: [rule('(.*)', 'wss://h/{R:1}')] }, { url: '/a' }), 'https://h/a')
})

t.test('the CACHE_URL idiom of reverse proxies', async t => {
  const idiom = rule('^api/(.*)', '{C:1}://localhost:5000/{R:1}', { conditions: when({ input: '{CACHE_URL}', pattern: '^(https?)://' }) })
  t.equal(rewritten({ rules: [idiom] }, { url: '/api/v1?x', encrypted: true }), 'https://localhost:5000/v1?x')
})

t.test('useOriginalURLEncoding true encodes a path anew, as IIS does: %2F becomes a slash', async t => {
  const url = '/a%2Fb%20c%25d/%7Ee?q=%2F'
  t.equal(rewritten({ rules: [rule('(.*)', 'http://h/{R:1}')], useOriginalURLEncoding: true }, { url }), 'http://h/a/b%20c%25d/~e?q=%2F')
  t.equal(rewritten({ rules: [rule('(.*)', 'http://h/{R:1}', { useOriginalURLEncoding: true })] }, { url: '/a%3Fb%23c' }), 'http://h/a%3Fb%23c', 'what would end the path stays escaped')
  t.equal(rewritten({ rules: [rule('(.*)', 'http://h{UNENCODED_URL}', { action: { type: 'Rewrite', url: 'http://h{UNENCODED_URL}', appendQueryString: false } })] }, { url }), `http://h${url}`)
})

t.test('logRewrittenUrl is in the fact; enabled false skips a rule', async t => {
  t.match(outcome({ rules: [rule('.*', '', { action: { type: 'Rewrite', url: '/x', logRewrittenUrl: true } })] }), { rewrite: { logRewrittenUrl: true } })
  t.equal(rewritten({ rules: [rule('.*', '/x', { enabled: false })] }), null)
})

t.test('all mistakes of the rules are reported at once, each with its place', async t => {
  const rules = [
    { name: '', match: { url: '' } },
    rule('.*', '{R:x}{', { name: 'Braces' }), rule('.*', '{HTTP:Upgrade}', { name: 'nginx' }), rule('.*', 'ftp://x/', { name: 'ftp' }), rule('.*', 'http://user:pw@h/', { name: 'pw' }), rule('.*', 'http://h:99999/{R:0}', { name: 'port' }),
    rule('.*', '', { name: 'Status', action: { type: 'CustomResponse', statusCode: 302 } }), rule('.*', '', { name: 'Kind', action: { type: 'Rewire' as 'None' } }),
    rule('.*', '/', { name: 'Set', serverVariables: [{ name: 'HTTP_X', value: '' }] }), rule('.*', '/', { name: 'Set' }), rule('.*', '/', { name: 'Glob', patternSyntax: 'Glob' as 'Wildcard' })
  ]
  t.throws(() => rewritten({ rules, allowedServerVariables: ['HTTP_Y'] }), {
    message: new RegExp([
      '`rules\\[0\\]\\.name` must be', '`rules\\[0\\]\\.match\\.url` must be', '`rules\\[1\\]\\.action\\.url` of "Braces": .*without a number', '`rules\\[1\\]\\.action\\.url` of "Braces": .*"\\{" without', 'action\\.url` of "nginx": .*neither a function nor a rewrite map',
      'action\\.url` of "ftp" begins with "ftp:"', '"pw" .*password', '"port" .*h:99999', 'action\\.statusCode` of "Status" is', 'action\\.type` of "Kind" is', 'serverVariables\\[0\\]` of "Set": allowedServerVariables does not have HTTP_X', 'name` of "Set" is that of another rule', 'patternSyntax` of "Glob" is'
    ].join('[^]*'))
  })
})

t.test('global rules may set what allowedServerVariables does not have', async t => {
  const set = rule('.*', '/', { serverVariables: [{ name: 'HTTP_X', value: 'y' }] })
  t.ok(rewritten({ globalRules: [set], allowedServerVariables: [] }))
  t.throws(() => rewritten({ siteRules: { A: [set] }, allowedServerVariables: [] }))
})

t.test('originalUrlHeader sends the upstream the original URL, as IIS does', async t => {
  const fastify = await serve(t, { originalUrlHeader: true, rules: [rule('(.*)', 'http://h/x')] })
  t.strictSame((await rewriteOf(fastify, '/a%2Fb?c', { headers: { 'x-original-url': '/spoofed' } }))?.headers, { 'x-original-url': '/a%2Fb?c' })
})
