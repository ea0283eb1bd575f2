// Are these sites sound, and what do they compile to? Options in; a table, or one error with every mistake, out.

import type { SiteBinding, SiteInfo } from '@fastify-arr/facts'
import { parseBindings, type Mistake } from '../bindings/bindings.ts'
import { InvalidOptionsError } from '../errors.ts'
import { compileHttps, type HttpsPolicy } from '../https/policy.ts'
import { compileTable, type SiteTable } from '../lookup/table.ts'
import type { SiteOptions } from '../options.ts'

/** Sites that were found sound. */
export interface CompiledSites extends SiteTable {
  /** Every site by name, in the order written, those not enabled too. */
  readonly byName: ReadonlyMap<string, SiteInfo>
  /** What https means to a site; a site that says nothing about it is not in here. */
  readonly https: ReadonlyMap<string, HttpsPolicy>
}

/**
 * Validates and compiles a list of sites.
 *
 * @param sites the sites, in order: a site without an id gets its position, counted from 1.
 * @param others mistakes that were found elsewhere, to be told in the same error. None, when left out.
 * @throws FST_ARR_HOST_ROUTING_INVALID_OPTIONS with all mistakes, each naming its site.
 */
export function compileSites (sites: readonly SiteOptions[], others: readonly string[] = []): CompiledSites {
  if (!Array.isArray(sites)) throw new InvalidOptionsError(['`sites` must be a list', ...others].join('; '))
  const mistakes = [...others]
  const byName = new Map<string, SiteInfo>()
  const byId = new Map<number, string>()
  const https = new Map<string, HttpsPolicy>()

  for (const [index, site] of sites.entries()) {
    if (typeof site?.name !== 'string' || site.name === '') {
      mistakes.push(`\`sites[${index}].name\` must be a name`)
      continue
    }
    const mistake: Mistake = (at, text) => { mistakes.push(`\`sites[${index}]${at}\` of site '${site.name}' ${text}`) }
    const id = site.id ?? index + 1
    if (byName.has(site.name)) mistake('.name', 'is that of another site')
    if (!Number.isInteger(id) || id < 1) mistake('.id', 'must be a whole number from 1 on')
    else if (byId.has(id)) mistake('.id', `must be another than ${id}, the id of site '${byId.get(id)}'`)
    if (site.enabled !== undefined && typeof site.enabled !== 'boolean') mistake('.enabled', 'must be true or false')

    const bindings = parseBindings(site, mistake)
    const policy = compileHttps(site.https, bindings, mistake)
    if (byName.has(site.name)) continue
    byName.set(site.name, Object.freeze({ name: site.name, id, bindings, enabled: site.enabled !== false }))
    byId.set(id, site.name)
    if (policy !== null) https.set(site.name, policy)
  }

  const served = [...byName.values()].filter(site => site.enabled)
  const table = compileTable(served, (binding, owner, claimant) => {
    mistakes.push(`\`sites[${sites.findIndex(site => site?.name === claimant)}]\` of site '${claimant}' has the binding ${describe(binding)} of site '${owner}'`)
  })
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  return { byName, https, ...table }
}

function describe ({ protocol, address, port, host }: SiteBinding): string {
  return `${protocol ?? '*'}/${address ?? '*'}:${port ?? '*'}:${host}`
}
