// What is in the root of a trace? IIS's attributes in IIS's order.
import { createHash } from 'node:crypto'
import type { Trace } from '../../trace/trace.ts'
import { escapeExactly, withoutForbidden } from './escape-xml.ts'

/** IIS's order; `xmlns:freb` follows. */
const ORDER = [
  'url', 'siteId', 'appPoolId', 'processId', 'verb', 'remoteUserName', 'userName', 'tokenUserName', 'authenticationType',
  'activityId', 'failureReason', 'statusCode', 'triggerStatusCode', 'timeTaken'
] as const

/** Those that no property of a trace has: `Trace.iis` keeps them. */
export const IIS_ONLY = ['appPoolId', 'remoteUserName', 'userName', 'tokenUserName', 'authenticationType', 'activityId'] as const

const GUID = /^\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$/i

/** The prolog and the root's start tag, as IIS writes them. */
export function head (trace: Trace): string {
  const attributes = attributesOf(trace)
  const written = ORDER.filter(name => attributes[name] !== undefined).map(name => `${name}="${escapeExactly(attributes[name] as string)}"`)
  return [
    '<?xml version="1.0" encoding="UTF-8" ?>',
    "<?xml-stylesheet type='text/xsl' href='freb.xsl'?>",
    '<!-- saved from url=(0014)about:internet -->',
    `<failedRequest ${[...written, 'xmlns:freb="http://schemas.microsoft.com/win/2006/06/iis/freb"', '>'].join('\r\n               ')}\r\n`
  ].join('\r\n')
}

/** The attributes that a trace's root has. */
export function attributesOf (trace: Trace): Readonly<Record<string, string>> {
  return {
    url: trace.url,
    siteId: String(trace.siteId),
    processId: String(trace.processId),
    verb: trace.verb,
    ...(trace.iis ?? ownAttributesOf(trace)),
    failureReason: trace.failureReason,
    statusCode: statusCode(trace),
    triggerStatusCode: trace.trigger === '' ? '0' : trace.trigger,
    timeTaken: String(Math.round(trace.timeTaken))
  }
}

/** `IIS_ONLY` of a trace that is ours: there are no Windows users here. */
export function ownAttributesOf (trace: Trace): Readonly<Record<string, string>> {
  return { appPoolId: 'fastify', remoteUserName: '', userName: '', tokenUserName: '', authenticationType: 'anonymous', activityId: activityId(trace) }
}

/** What names the exchange in every event: the log id with IIS's 8000 in front, so that all but four digits are those of the log and the upstream. */
function activityId (trace: Trace): string {
  const guid = GUID.test(trace.logId) ? trace.logId.replace(/[{}]/g, '') : guidFrom(withoutForbidden(`${trace.logId} ${trace.id} ${trace.siteId} ${trace.beganAt}`))
  return `{8000${guid.slice(4).toUpperCase()}}`
}

function guidFrom (text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

/** `502.3`; without a sub-status `502`; 0 where the client got nothing. */
function statusCode ({ status, subStatus }: Trace): string {
  return subStatus === 0 ? String(status ?? 0) : `${status ?? 0}.${subStatus}`
}
