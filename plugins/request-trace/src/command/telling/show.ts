// The story of one trace.
import { duration } from '../../diagnosis/story/duration.ts'
import { storyOf } from '../../diagnosis/story/story.ts'
import { handshakeOf } from '../../trace/handshake.ts'
import type { TraceFile } from '../listing/trace-files.ts'
import { endLines, frameLines } from './frame-lines.ts'
import { headerColumns } from './header-lines.ts'
import { paintSeverity, paintStatus, type Colors } from './paint.ts'
import { attemptLines, ruleLines } from './route-lines.ts'
import { clock, printable } from './terminal.ts'

export interface Showing {
  readonly colours: Colors
  readonly width: number | null
  readonly utc: boolean
  /** All frames. */
  readonly all: boolean
}

/** Summary, findings, rules, attempts, headers, frames, end; parts that have nothing are left out. */
export function showLines (file: TraceFile, { colours, width, utc, all }: Showing): string[] {
  const { trace } = file
  const story = storyOf(trace)
  const { received, sent, answered, passedOn } = handshakeOf(trace)
  const heading = (text: string): string[] => ['', colours.bold(text)]
  const part = (title: string, lines: readonly string[]): string[] => lines.length === 0 ? [] : [...heading(title), ...lines]
  return [
    `${colours.bold(printable(trace.id === '' ? file.path : trace.id))}  ${printable(trace.verb)} ${printable(trace.url)}`,
    `${paintStatus(trace.status, trace.subStatus, colours)} ${duration(trace.timeTaken)}  ${clock(trace.beganAt, utc)}  ${colours.dim(printable(summary(file)))}`,
    ...part('Findings', findingLines(file, colours)),
    ...part('Rules', ruleLines(trace, colours)),
    ...part('Upstream', attemptLines(trace, colours)),
    ...received === null && sent === null ? [] : [...heading('Request'), ...headerColumns(received, sent, ['from the client', 'to the upstream'], colours, width)],
    ...answered === null && passedOn === null ? [] : [...heading('Answer'), ...headerColumns(answered, passedOn, ['from the upstream', 'to the client'], colours, width)],
    ...story.tunnel === null ? [] : [...heading('Frames'), ...frameLines(trace, story.tunnel, all, colours), ...heading('End'), ...endLines(story.tunnel, colours)],
    ...trace.lost > 0 ? ['', colours.yellow(`${trace.lost} events were not kept, for want of room`)] : []
  ]
}

function summary ({ trace }: TraceFile): string {
  return [
    trace.client === '' ? '' : `from ${trace.client}`,
    trace.httpVersion === '' ? '' : `HTTP/${trace.httpVersion}`,
    trace.siteName === '' ? '' : `site ${trace.siteName}`,
    trace.failureReason === '' ? '' : `traced for ${trace.failureReason}${trace.trigger === '' ? '' : ` ${trace.trigger}`}`,
    trace.logId === '' ? '' : `X-ARR-LOG-ID ${trace.logId}`
  ].filter(text => text !== '').join('  ')
}

function findingLines ({ trace, findings }: TraceFile, colours: Colors): string[] {
  return findings.flatMap(({ code, severity, sentence, evidence, remedy }) => {
    const events = evidence.flatMap(index => trace.events[index] === undefined ? [] : [`${index + 1}. ${trace.events[index].name}`])
    return [
      `  ${paintSeverity(severity, printable(code), colours)}  ${printable(sentence)}`,
      `    ${colours.dim('→')} ${printable(remedy)}`,
      ...events.length === 0 ? [] : [`    ${colours.dim(printable(`events ${events.slice(0, 6).join(', ')}${events.length > 6 ? ' …' : ''}`))}`]
    ]
  })
}
