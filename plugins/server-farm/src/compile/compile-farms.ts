// Which farms do the options mean? All mistakes come in one error.
import { InvalidOptionsError } from '../errors.ts'
import type { FarmOptions } from '../options.ts'
import { compileFarm } from './compile-farm.ts'
import { isObject } from './reading.ts'
import type { FarmSettings } from './settings.ts'

/** Compiles farms; those that are not enabled are validated, and left out. Throws InvalidOptionsError, which has all mistakes. */
export function compileFarms (farms: readonly FarmOptions[] | undefined, mistakes: string[] = []): FarmSettings[] {
  const compiled: FarmSettings[] = []
  if (farms !== undefined && !Array.isArray(farms)) mistakes.push('`farms` must be a list')
  const names = new Set<string>()
  for (const [index, farm] of Array.isArray(farms) ? farms.entries() : []) {
    const place = `farms[${index}]`
    if (!isObject(farm)) {
      mistakes.push(`\`${place}\` must be an object`)
      continue
    }
    const settings = compileFarm(farm as FarmOptions, place, mistakes)
    const name = settings.name.toLowerCase()
    if (name !== '' && names.has(name)) mistakes.push(`\`${place}.name\` must be another than that of the other farms`)
    names.add(name)
    if ((farm as FarmOptions).enabled !== false) compiled.push(settings)
  }
  if (mistakes.length > 0) throw new InvalidOptionsError(mistakes.join('; '))
  return compiled
}
