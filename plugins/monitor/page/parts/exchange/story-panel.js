// What is known of one exchange? All of it, at the side of the list.
import { html, useEffect, useState } from '../../preact.js'
import { FindingList } from '../finding/finding-list.js'
import { filterBy, ViewLink } from '../link.js'
import { clock, dateTime, duration, NONE } from '../numbers.js'
import { Panel } from '../panel.js'
import { Attempts } from './attempts.js'
import { TunnelFacts } from './tunnel-facts.js'

/** @typedef {import('../../../src/messages/index.ts').Story} Story */

/**
 * @param {object} props
 * @param {string} props.id
 * @param {import('../../../src/messages/index.ts').Hello | null} props.hello
 * @param {() => void} props.onClose
 */
export function StoryPanel ({ id, hello, onClose }) {
  const [story, setStory] = useState(/** @type {Story | null} */ (null))
  const [problem, setProblem] = useState('')
  useEffect(() => {
    const asking = new AbortController()
    ask(id, asking.signal).then(setStory, error => { if (!asking.signal.aborted) setProblem(error.message) })
    return () => { asking.abort() }
  }, [id])
  if (story === null) return html`<${Panel} title="Exchange" onClose=${onClose}><p class="muted" role="status">${problem === '' ? 'Loading …' : problem}</p><//>`

  const { row } = story
  return html`<${Panel} title=${`${row.method} ${row.host}${row.path}`} onClose=${onClose}>
    <${FindingList} findings=${story.findings} />
    <dl class="facts">
      <${Fact} name="Time">${dateTime(row.at)}, took ${duration(row.time)}<//>
      <${Fact} name="Status">${row.status ?? 'the client got nothing'}${row.error === null ? '' : html` <code>${row.error}</code>`}${row.rejection === null ? '' : html` refused: ${row.rejection}`}<//>
      <${Fact} name="Client"><${To} to="exchanges" name="client" value=${row.client} /> <span class="muted">${row.userAgent}</span><//>
      <${Fact} name="Site"><${To} to="exchanges" name="site" value=${row.site} /><//>
      <${Fact} name="Rule"><${To} to="exchanges" name="rule" value=${row.rule} />${story.rewritten === null ? '' : html` → <code>${story.rewritten}</code>`}<//>
      <${Fact} name="Upstream">${row.farm === null ? html`<${To} to="exchanges" name="upstream" value=${row.upstream} />` : html`<${ViewLink} to="farms">${row.farm}<//> · <${To} to="webSockets" name="server" value=${row.server} />`}<//>
      <${Fact} name="Connected after">${story.connectTime === 0 ? 'on a kept connection' : duration(story.connectTime)}<//>
      <${Fact} name="Answered after">${duration(story.firstByteTime)}<//>
      ${row.tunnel !== null && row.webSocket === 'open' ? html`<${Fact} name="WebSocket"><${ViewLink} to="webSockets" params=${{ open: row.tunnel }}>Watch its frames<//><//>` : null}
    </dl>
    <${Attempts} attempts=${story.attempts} />
    ${story.tunnel === null ? null : html`<${TunnelFacts} tunnel=${story.tunnel} />`}
    ${story.page
      ? html`<h3 class="story-head">The whole story, ${clock(row.at)}</h3><iframe class="story" sandbox="" src=${`stories/${encodeURIComponent(id)}.html`} title="Headers as they came and left, rules, attempts, frames"></iframe>`
      : html`<p class="muted story-head">${hello?.has.traces === true ? 'Its headers were not recorded: there were more exchanges than are recorded while somebody looks.' : html`With <code>@fastify-arr/request-trace</code>, its headers, the rules that were tried and its frames are here as well.`}</p>`}
  <//>`
}

/** @param {{ name: string, children?: unknown }} props */
function Fact ({ name, children }) {
  return html`<dt>${name}</dt><dd>${children}</dd>`
}

/** @param {{ to: string, name: string, value: string | null }} props */
function To ({ to, name, value }) {
  return value === null || value === '' ? NONE : html`<${ViewLink} to=${to} params=${{ filter: filterBy(name, value) }}>${value}<//>`
}

/**
 * @param {string} id
 * @param {AbortSignal} signal
 * @returns {Promise<Story>}
 */
async function ask (id, signal) {
  const response = await fetch(`story?id=${encodeURIComponent(id)}`, { signal })
  if (response.status === 404) throw new Error('This exchange is no longer known: only the last ones are kept.')
  if (!response.ok) throw new Error(`The server answered ${response.status}.`)
  return await response.json()
}
