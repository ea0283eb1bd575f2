// What happens to a rule whose URL names a farm, and to one that leads elsewhere where the proxy is off?
import type { Reading } from '../reading/reading.ts'
import type { ReadRule } from '../rewrite/inbound-rules.ts'
import type { Farm } from './farm.ts'
import { HostName } from './host-in-url.ts'

/** The farm that a URL names: one that is switched off is a host like any other. */
function farmIn (url: string, farms: readonly Farm[]): Farm | undefined {
  return farms.find(({ enabled, name, host }) => enabled && new HostName(name, host).isIn(url))
}

/** Rules that lead to another server answer 404.4 where the proxy is switched off, as in IIS. Rules that lead to a farm still work. */
export function endProxying (reading: Reading, rules: readonly ReadRule[], farms: readonly Farm[]): void {
  for (const { element, rule } of rules) {
    const { action } = rule
    if (action?.type !== 'Rewrite' || !/^(https?|wss?):/i.test(action.url) || farmIn(action.url, farms) !== undefined) continue
    reading.mistake('proxy-is-off', element, `rule "${rule.name}" goes to another server, but the proxy is off: the answer is 404.4, as in IIS`)
    rule.action = { type: 'CustomResponse', statusCode: 404, subStatusCode: 4 }
  }
}

/** Rules keep the name of a farm, by which the proxy asks it; a name that no URL can have becomes the host of the farm. Rules that lead to a farm without a server answer 502.4, as in ARR. */
export function nameFarms (reading: Reading, rules: readonly ReadRule[], farms: readonly Farm[]): void {
  for (const { rule } of rules) {
    const { action } = rule
    if (action?.type !== 'Rewrite') continue
    const farm = farmIn(action.url, farms)
    if (farm === undefined) continue
    if (farm.options === null) {
      rule.action = { type: 'CustomResponse', statusCode: 502, subStatusCode: 4 }
      continue
    }
    if (rule.enabled !== false && /^(?:https|wss):/i.test(action.url)) {
      reading.differsGenerally({
        code: 'farm-certificates',
        note: 'the certificate of a farm\'s server must be valid for its address; ARR does not compare the name',
        advice: 'set farms.<name>.tls of upstream-proxy, such as servername and ca'
      })
    }
    action.url = new HostName(farm.name, farm.host).into(action.url)
  }
}
