// `removeServerHeader` of `<requestFiltering>` becomes an outbound rule that takes the upstream's Server header away.
import type { Reading } from '../reading/reading.ts'
import type { ScopedOutbound } from '../rewrite/place-outbound.ts'
import type { OutboundRule } from '../rewrite/rewrite-options.ts'
import type { Found } from '../sections/scopes.ts'

/** The name of the rule. */
const NAME = 'removeServerHeader'

/** Reads the attribute of each section. A section further in takes the rule back, or repeats it. */
export function readServerHeaders (reading: Reading, sections: readonly Found[]): ScopedOutbound[] {
  return sections.flatMap(({ scope, element }) => {
    const removed = reading.flag(element, NAME)
    const attribute = element.attributes.get(NAME)
    if (removed === undefined || attribute === undefined) return []
    if (scope.among === undefined && scope.path !== '/') {
      if (removed) reading.loses(attribute, `the Server header of one directory (${scope.path}) is not taken away`, 'move it up')
      return []
    }
    if (removed) reading.usedWith(attribute, 'the upstream\'s Server header is taken away; nothing here adds one')
    const rule = reading.made<OutboundRule>({ name: NAME, match: { serverVariable: 'RESPONSE_Server', pattern: '.+' }, action: { type: 'Rewrite', value: '' } }, element)
    return [{ kind: NAME, scope, element, rules: { rules: removed ? [rule] : [] }, collection: { entries: [], cleared: null, removed: new Map([[NAME.toLowerCase(), element]]) } }]
  })
}
