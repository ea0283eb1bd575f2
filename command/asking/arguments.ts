// What does the command line ask for? Options as values of variables, or what is wrong with them: all mistakes at once.
import { parseArgs } from 'node:util'
import { nearest } from '../../start/settings/nearest.ts'
import { COMMANDS, OWN_COMMANDS } from './commands.ts'
import { OPTIONS, OTHERS, SETTINGS } from './settings.ts'

/** A command line that cannot be carried out; a line for each mistake. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What is asked for. */
export interface Asked {
  readonly command: (typeof OWN_COMMANDS)[number]
  readonly help: boolean
  readonly version: boolean
  /** The file of `--config`; null for none. */
  readonly config: string | null
  /** What the options say, by variable. */
  readonly variables: ReadonlyMap<string, string>
  /** The one that `completion` is for; null where none is said. */
  readonly shell: string | null
}

const TAKES: Readonly<Record<string, string | null>> = { ...Object.fromEntries(SETTINGS.flatMap(({ option, value }) => option === null ? [] : [[option, value]])), ...Object.fromEntries(OTHERS) }
const SHORT: Readonly<Record<string, string>> = { h: 'help', v: 'version' }
// What others call it.
const ALIASES: Readonly<Record<string, string>> = { target: 'to', proxy: 'to', url: 'to', hostname: 'host', listen: 'address', cert: 'certificate', logs: 'log-dir', cluster: 'workers', threads: 'workers' }
const MEANT: Readonly<Record<string, string>> = { ...ALIASES, ...Object.fromEntries(SETTINGS.flatMap(({ option, variable }) => option === null ? [] : [[variable.toLowerCase().replaceAll('_', '-'), option]])) }

/** @throws UsageError with a sentence for each mistake. */
export function readArguments (words: readonly string[]): Asked {
  const mistakes: string[] = []
  const given = new Map<string, string[]>()
  const places: string[] = []
  const options = Object.fromEntries(Object.entries(TAKES).map(([name, value]) => [name, { type: value === null ? 'boolean' as const : 'string' as const }]))
  const { tokens } = parseArgs({ args: [...words], options: { ...options, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } }, strict: false, allowPositionals: true, tokens: true })
  let misspelt = -1
  for (const token of tokens) {
    // What follows a misspelt option is most likely its value.
    if (token.kind === 'positional' && token.index !== misspelt) places.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue, index } = token
    const known = rawName.startsWith('--') ? name : SHORT[name] ?? name
    const takes = TAKES[known]
    if (takes === undefined) {
      mistakes.push(unknown(rawName, name))
      misspelt = inlineValue === true ? -1 : index + 1
    } else if (takes === null && value !== undefined) mistakes.push(`--${known} stands alone: leave out ${JSON.stringify(`=${value}`)}.`)
    else if (takes !== null && (value === undefined || value === '' || (inlineValue !== true && /^-./.test(value)))) {
      mistakes.push(`--${known} needs ${/^[AEIOU](?!RL)/.test(takes) ? 'an' : 'a'} ${takes}: --${known} ${takes}.`)
      // Its value was the next option, and what follows is that option's.
      misspelt = inlineValue === true ? -1 : index + 2
    } else given.set(known, [...given.get(known) ?? [], value ?? ''])
  }
  const asked = given.has('help') || given.has('version')
  const command = commandIn(places, mistakes)
  const shell = command === 'completion' ? places[1] ?? null : null
  const variables = new Map(SETTINGS.flatMap(({ option, variable, alone, between }): Array<[string, string]> => {
    const texts = given.get(option ?? '')
    if (texts === undefined) return []
    if (texts.length > 1 && between === undefined && alone === undefined) mistakes.push(`--${option} is given ${texts.length} times: leave one.`)
    return [[variable, alone ?? texts.join(between)]]
  }))
  if (given.has('no-files')) variables.set('WEB_CONFIG_FILES', 'false')
  if (given.has('files') && given.has('no-files')) mistakes.push('--files and --no-files are both given: leave one.')
  if (given.has('to') && given.has('web-config')) mistakes.push('--to and --web-config both say what is behind the site: leave one out.')
  if (command === 'demo') for (const option of ['to', 'web-config']) if (given.has(option)) mistakes.push(`demo brings its own backend: leave out --${option}, or demo.`)
  if ((given.get('config')?.length ?? 0) > 1) mistakes.push('--config is given more than once: leave one.')
  if (mistakes.length > 0 && !asked) throw new UsageError(mistakes.join('\n'))
  return { command, help: given.has('help'), version: given.has('version'), config: given.get('config')?.[0] ?? null, variables, shell }
}

function unknown (raw: string, name: string): string {
  const meant = MEANT[name] ?? nearest(name, OPTIONS)
  return `there is no option ${raw}${meant === null ? '.' : `: did you mean --${meant}?`}`
}

function commandIn (places: readonly string[], mistakes: string[]): Asked['command'] {
  const [first, ...more] = places
  if (first === undefined) return 'site'
  const own = OWN_COMMANDS.find(name => name === first && name !== 'site')
  for (const place of own === undefined ? places : own === 'completion' ? more.slice(1) : more) {
    const meant = nearest(place, Object.keys(COMMANDS))
    if (place in COMMANDS) mistakes.push(`the command ${place} comes first, before all options, and alone: fastify-arr ${place}.`)
    else if (/^(?:https?:|localhost|[\w.-]+:\d+|\d+$)/i.test(place)) mistakes.push(`${JSON.stringify(place)} belongs to no option: did you mean --to ${/^https?:/i.test(place) ? place : `http://${/^\d+$/.test(place) ? `localhost:${place}` : place}`}?`)
    else mistakes.push(`there is no command ${JSON.stringify(place)}${meant === null ? '.' : `: did you mean ${meant}?`}`)
  }
  return own ?? 'site'
}
