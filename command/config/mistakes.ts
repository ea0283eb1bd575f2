// What is wrong with the values of the file? What the schema that is shipped says, in sentences.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject } from 'ajv'
import type { Node } from 'jsonc-parser'
import { nearest } from '../../start/settings/nearest.ts'

/** A mistake, and where it is. */
export interface Mistake {
  readonly keys: readonly string[]
  /** Whether it is about the name, and not about the value. */
  readonly isName: boolean
  readonly text: string
  readonly node?: Node
}

/** The schema's file. In the repository this file is not in `dist`. */
export const SCHEMA = createRequire(import.meta.url).resolve('fastify-arr/site.schema.json')

interface Property { readonly type?: string | readonly string[], readonly properties?: Readonly<Record<string, Property>> }

/** All of them. */
export function mistakesIn (values: unknown): Mistake[] {
  const schema = JSON.parse(readFileSync(SCHEMA, 'utf8')) as Property
  const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, strictTypes: false })
  ajv.validate(schema, values)
  return (ajv.errors ?? []).map(error => ({ ...toldOf(error, schema) }))
}

function toldOf ({ keyword, instancePath, params, data, parentSchema }: ErrorObject, schema: Property): Mistake {
  const keys = instancePath.split('/').slice(1)
  const name = keys.filter(key => !/^\d+$/.test(key)).join('.')
  if (keyword === 'additionalProperties') {
    const key = (params as { additionalProperty: string }).additionalProperty
    const names = Object.keys((keys.length === 0 ? schema : schema.properties?.[name])?.properties ?? {})
    const meant = nearest(key, names) ?? names.find(known => known.toLowerCase() === key.toLowerCase()) ?? null
    return { keys: [...keys, key], isName: true, text: `there is no setting ${JSON.stringify(key)}${meant === null ? `: there are ${names.filter(known => known !== '$schema').join(', ')}.` : `: did you mean "${meant}"?`}` }
  }
  if (keys.length === 0) return { keys, isName: false, text: 'the settings must be an object: { "upstream": "http://localhost:3000" }.' }
  return { keys, isName: false, text: `"${name}" must be ${wordsFor(parentSchema as Shape)}, and not ${shown(data)}.` }
}

interface Shape { readonly type?: string | readonly string[], readonly enum?: readonly string[], readonly minimum?: number, readonly maximum?: number, readonly pattern?: string, readonly items?: unknown }

/** What a value must be, from its schema. */
function wordsFor ({ type = [], enum: values, minimum, maximum, pattern, items }: Shape): string {
  if (values !== undefined) return `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`
  const range = minimum === undefined ? '' : maximum === undefined ? `, ${minimum} or more` : ` from ${minimum} to ${maximum}`
  const words = [type].flat().flatMap(one => {
    if (one === 'integer') return `a whole number${range}`
    if (one === 'string') return pattern === undefined ? 'a text' : JSON.stringify(pattern.replace(/[$^]/g, ''))
    if (one === 'array') return items === undefined ? 'a list' : 'a list of texts'
    return one === 'boolean' ? 'true or false' : one === 'object' ? 'an object' : one
  })
  return words.join(' or ')
}

function shown (value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text === '""' ? 'an empty one' : text.length > 60 ? `${text.slice(0, 60)}…` : text
}
