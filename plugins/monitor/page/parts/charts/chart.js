// How did values go? Lines over time by uPlot, with a cursor that all charts of a view share, and a sentence for those who don't see them.
import { html, useEffect, useRef } from '../../preact.js'
import UPlot from '../../../vendor/uPlot.js'
import { colourChanges } from '../header/theme.js'
import { clock } from '../numbers.js'
import { useStore } from '../store.js'
import { colour } from './colours.js'

/**
 * @typedef {object} Series
 * @property {string} title
 * @property {string} colour a custom property
 * @property {ReadonlyArray<number | null>} values one for each time
 * @property {boolean} [filled]
 * @property {readonly number[]} [dash]
 */

/**
 * @typedef {object} ChartProps
 * @property {string} title
 * @property {readonly number[]} at the times, ms since the epoch
 * @property {readonly Series[]} series always as many
 * @property {number} span how much time is shown, ms
 * @property {number} version counts up when the values have changed: the lists stay the same
 * @property {(value: number | null | undefined) => string} format
 * @property {string} sync charts with the same name share their cursor
 */

const HEIGHT = 132

/** @param {ChartProps} props */
export function Chart (props) {
  const { title, at, series, version, span, format } = props
  const place = useRef(/** @type {HTMLElement | null} */ (null))
  const values = useRef(/** @type {HTMLElement | null} */ (null))
  const plot = useRef(/** @type {UPlot | undefined} */ (undefined))
  const latest = useRef(props)
  latest.current = props
  const colours = useStore(colourChanges)

  useEffect(() => {
    const element = /** @type {HTMLElement} */ (place.current)
    const made = new UPlot(optionsOf(latest, values, element.clientWidth), lists(latest.current), element)
    plot.current = made
    const observer = new ResizeObserver(() => { made.setSize({ width: element.clientWidth, height: HEIGHT }) })
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [])
  useEffect(() => { plot.current?.setData(lists(latest.current)) }, [version, span])
  useEffect(() => { plot.current?.redraw(false) }, [colours])

  return html`<figure class="chart card">
    <figcaption class="chart-head"><h2>${title}</h2><ul class="legend" ref=${values}>${series.map(one => html`<li key=${one.title}><span class="legend-mark" style=${{ background: `var(${one.colour})` }} aria-hidden="true"></span>${one.title} <span class="legend-value value figure">${format(one.values.at(-1))}</span></li>`)}</ul></figcaption>
    <div class="chart-place" ref=${place} role="img" aria-label=${`${title}: ${series.map(one => summary(one, format)).join('; ')}`}></div>
    ${at.length === 0 ? html`<p class="chart-empty muted">Nothing has been counted yet.</p>` : null}
  </figure>`
}

/**
 * @param {Series} series
 * @param {ChartProps['format']} format
 */
function summary ({ title, values }, format) {
  let least = Infinity
  let most = -Infinity
  for (const value of values) {
    if (value === null) continue
    if (value < least) least = value
    if (value > most) most = value
  }
  return most === -Infinity ? `${title} none` : `${title} between ${format(least)} and ${format(most)}, at last ${format(values.at(-1))}`
}

/**
 * @param {ChartProps} props
 * @returns {UPlot.AlignedData}
 */
function lists ({ at, series }) {
  return /** @type {any} */ ([at.map(ms => ms / 1000), ...series.map(one => one.values)])
}

/**
 * @param {{ current: ChartProps }} latest
 * @param {{ current: HTMLElement | null }} values where the value of each series stands
 * @param {number} width
 * @returns {UPlot.Options}
 */
function optionsOf (latest, values, width) {
  const { series, sync } = latest.current
  const axis = { stroke: () => colour('--muted'), font: '11px system-ui, sans-serif', grid: { stroke: () => colour('--line'), width: 1 }, ticks: { show: false } }
  return {
    width,
    height: HEIGHT,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: sync, setSeries: false }, drag: { x: false, y: false }, points: { size: 6 }, y: false },
    scales: {
      x: { range: () => timesShown(latest.current) },
      y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.1 : 1] }
    },
    axes: [
      { ...axis, size: 20, gap: 4, space: 70, values: (_plot, splits) => splits.map(at => clock(at * 1000).slice(0, latest.current.span > 3_600_000 || at % 60 === 0 ? 5 : 8)) },
      { ...axis, size: 62, gap: 6, space: 28, values: (_plot, splits) => splits.map(value => latest.current.format(value)) }
    ],
    series: [{}, ...series.map((one, n) => ({
      label: one.title,
      width: 1.5,
      stroke: () => colour(one.colour),
      ...(one.filled === true ? { fill: () => colour(one.colour).replace(/^rgb\((.*)\)$/, 'rgba($1, .12)') } : {}),
      ...(one.dash === undefined ? {} : { dash: [...one.dash] }),
      points: { show: false },
      scale: 'y',
      show: n >= 0
    }))],
    hooks: {
      setCursor: [plot => { tellValues(latest.current, values.current, plot.cursor.idx ?? null) }],
      setData: [plot => { tellValues(latest.current, values.current, plot.cursor.idx ?? null) }]
    }
  }
}

/**
 * @param {ChartProps} props
 * @returns {[number, number]} seconds since the epoch
 */
function timesShown ({ at, span }) {
  const last = (at.at(-1) ?? Date.now()) / 1000
  return [last - span / 1000, last]
}

/**
 * The values below the cursor, the last ones where there is none. Directly, as the cursor moves more often than anything is drawn.
 *
 * @param {ChartProps} props
 * @param {HTMLElement | null} list
 * @param {number | null} index
 */
function tellValues ({ series, format }, list, index) {
  for (const [n, element] of [...list?.querySelectorAll('.legend-value') ?? []].entries()) {
    const text = format(index === null ? series[n]?.values.at(-1) : series[n]?.values[index])
    if (element.firstChild instanceof Text) element.firstChild.data = text
  }
}
