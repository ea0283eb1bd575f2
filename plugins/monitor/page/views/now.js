// What happens now? Numbers of this second, charts of the last minutes or hours, errors, and how WebSockets ended.
import { html, useEffect, useRef, useState } from '../preact.js'
import { History, MINUTES, SECONDS } from '../parts/charts/history.js'
import { replaceLink } from '../parts/link.js'
import { Segments } from '../parts/segments.js'
import { useMessages } from '../parts/stream.js'
import { ChartTable } from './now/chart-table.js'
import { Charts } from './now/charts.js'
import { Closes, Errors } from './now/counts.js'
import { Tiles } from './now/tiles.js'
import { Workers } from './now/workers.js'

/** @typedef {import('../../src/messages/index.ts').NowView} Now */

const SPANS = [{ value: '5m', title: '5 minutes' }, { value: '24h', title: '24 hours' }]

/** @param {import('../app.js').ViewProps} props */
export function NowView ({ params }) {
  const [now, setNow] = useState(/** @type {Now | null} */ (null))
  const [, again] = useState(0)
  const [isTable, setTable] = useState(false)
  const { current: history } = useRef(new History())
  const { current: inFlight } = useRef(/** @type {number[]} */ ([]))
  const isDay = params.get('span') === '24h'
  const asked = useRef(0)

  const load = async () => {
    const mine = ++asked.current
    const response = await fetch('history').catch(() => undefined)
    if (response?.ok !== true) return
    const view = await response.json()
    if (mine !== asked.current) return
    history.load(view)
    again(n => n + 1)
  }
  useEffect(() => () => { asked.current = -1 }, [])
  useMessages('now', {}, next => {
    history.add(next.point)
    inFlight.push(next.inFlight)
    if (inFlight.length > SECONDS) inFlight.shift()
    setNow(next)
  }, {
    // Between two streams seconds are missing, and the server has kept them.
    begin: (_hello, isNewProcess) => {
      if (isNewProcess) {
        history.clear()
        inFlight.length = 0
      }
      load()
    }
  })

  const lists = isDay ? history.minutes : history.seconds
  const words = isDay ? 'The last 24 hours' : 'The last 5 minutes'
  return html`
    <div class="view-head"><h1>Now</h1></div>
    <${Tiles} now=${now} history=${history} inFlight=${inFlight} />
    <div class="view-head charts-head"><h2>${words}</h2>
      <div class="push charts-controls"><button type="button" class="control" onClick=${() => setTable(true)}>Show as a table</button>
      <${Segments} label="Time shown" options=${SPANS} value=${isDay ? '24h' : '5m'} onChange=${(/** @type {string} */ span) => replaceLink('now', { span: span === '5m' ? null : span })} /></div>
    </div>
    <div class="now-grid">
      <${Charts} lists=${lists} span=${isDay ? MINUTES * 60_000 : SECONDS * 1000} version=${history.version * 2 + (isDay ? 1 : 0)} />
      <div class="now-counts"><${Errors} counts=${now?.errors ?? null} /><${Closes} counts=${now?.closes ?? null} /></div>
    </div>
    <${Workers} />
    ${isTable ? html`<${ChartTable} title=${`${words}, by ${isDay ? 'the hour' : '10 seconds'}`} lists=${lists} every=${isDay ? 3_600_000 : 10_000} onClose=${() => setTable(false)} />` : null}`
}
