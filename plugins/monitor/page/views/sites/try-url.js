// What would the rules make of this URL? A form, and below it what each rule did. Its first values come from the link, so that a question can be handed on.
import { html, useEffect, useRef, useState } from '../../preact.js'
import { act } from '../../parts/act.js'
import { replaceLink } from '../../parts/link.js'
import { ExplanationResult } from './explanation.js'
import { HeaderRows } from './header-rows.js'

/** @typedef {import('@fastify-arr/facts').Explanation} Explanation */
/** @typedef {import('./header-rows.js').Header} Header */

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * @param {object} props
 * @param {URLSearchParams} props.params
 * @param {import('../../../src/messages/index.ts').SitesView['sites']} props.sites
 */
export function TryUrl ({ params, sites }) {
  const host = sites.flatMap(site => site.enabled ? site.bindings : []).find(binding => !binding.host.includes('*'))?.host ?? 'localhost'
  const [method, setMethod] = useState(params.get('method') ?? 'GET')
  const [url, setUrl] = useState(params.get('url') ?? '/')
  const [headers, setHeaders] = useState(/** @type {readonly Header[]} */ ([{ name: 'Host', value: params.get('host') ?? host }]))
  const [answer, setAnswer] = useState(/** @type {{ explanation: Explanation } | { error: string } | null} */ (null))
  const [isAsking, setAsking] = useState(false)
  const last = useRef(0)

  const ask = async () => {
    const mine = ++last.current
    const question = questionOf(method, url, headers)
    if (question.headers[0] !== undefined) setHeaders(question.headers)
    setUrl(question.url)
    replaceLink('sites', { method: question.method, url: question.url, host: question.headers[0]?.value })
    setAsking(true)
    /** @type {typeof answer} */
    let next
    try {
      const explanation = await act('explain', { method: question.method, url: question.url, headers: Object.fromEntries(question.headers.filter(header => header.name !== '').map(({ name, value }) => [name.toLowerCase(), value])) })
      next = explanation === null ? { error: 'The server can not tell: it has no rules.' } : { explanation }
    } catch (error) {
      next = { error: error instanceof TypeError ? 'The server is away. Try again when it is back.' : error instanceof Error ? error.message : String(error) }
    }
    if (mine !== last.current) return
    setAsking(false)
    setAnswer(next)
  }
  useEffect(() => {
    if (params.has('url')) ask()
    return () => { last.current = -1 }
  }, [])

  return html`<section class="card try"><div class="card-head"><h2>Try a URL</h2><span class="muted">What would the rules make of it? Nothing is sent to any server.</span></div>
    <form class="try-form card-body" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); ask() }}>
      <div class="try-line">
        <label class="field">Method<select value=${method} onChange=${(/** @type {any} */ event) => setMethod(event.target.value)}>${[...new Set([...METHODS, method])].map(one => html`<option key=${one} value=${one}>${one}</option>`)}</select></label>
        <label class="field try-url">Path, or a whole URL<input type="text" class="mono" required spellcheck=${false} autocomplete="off" autocapitalize="off" value=${url} onInput=${(/** @type {any} */ event) => setUrl(event.target.value)} /></label>
        <button type="submit" class="primary" aria-disabled=${isAsking ? 'true' : undefined}>Try</button>
      </div>
      <${HeaderRows} headers=${headers} onChange=${setHeaders} />
    </form>
    <div class="try-answer" role="status">${answer !== null && 'error' in answer ? html`<p class="mistake">${answer.error}</p>` : null}</div>
    ${answer !== null && 'explanation' in answer ? html`<${ExplanationResult} explanation=${answer.explanation} />` : null}
  </section>`
}

/**
 * What is asked: of a whole URL the host becomes the header, as a browser makes it.
 *
 * @param {string} method
 * @param {string} typed
 * @param {readonly Header[]} headers
 */
function questionOf (method, typed, headers) {
  const text = typed.trim()
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) {
    const url = new URL(text)
    const host = { name: 'Host', value: url.host }
    return { method, url: `${url.pathname}${url.search}`, headers: [host, ...headers.filter(header => header.name.toLowerCase() !== 'host')] }
  }
  return { method, url: text.startsWith('/') ? text : `/${text}`, headers }
}
