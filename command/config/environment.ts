// What does `start/settings` find? An option goes before a variable, and that before the file of `--config`: here they become variables.
import { EnvironmentError, readEnvironment, type Settings } from '../../start/settings/environment.ts'
import { UsageError, type Asked } from '../asking/arguments.ts'
import { SETTINGS, type Setting } from '../asking/settings.ts'
import type { ConfigFile } from './file.ts'

/** The settings, as the site will read them. */
export interface InForce {
  readonly settings: Settings
  /** The variables that the file has set. */
  readonly fromFile: readonly string[]
  /** A sentence about variables, in the words of who has set them. */
  said (sentence: string): string
}

// The program sets PORT for fastify-cli.
const NAMES = [...SETTINGS.map(({ variable }) => variable), 'PORT']

/** Sets the variables of this process, from what they were at the beginning (`initial`). @throws UsageError with a line for each mistake. */
export function putInForce ({ variables, command }: Asked, file: ConfigFile | null, initial: Readonly<Record<string, string | undefined>>): InForce {
  const { env } = process
  for (const name of NAMES) {
    const value = variables.get(name) ?? initial[name]
    if (value === undefined) delete env[name]
    else env[name] = value
  }
  if (command === 'demo') env.UPSTREAM = env.WEB_CONFIG = ''
  const fromFile: string[] = []
  for (const setting of SETTINGS) {
    const { key, variable } = setting
    const value = key.split('.').reduce<unknown>((found, name) => (found as Record<string, unknown> | undefined)?.[name], file?.values)
    // `PORT`, as hosting services set it, is a variable of the same setting.
    if (value === undefined || env[variable] !== undefined || (variable === 'HTTP_PORT' && env.PORT)) continue
    env[variable] = textOf(setting, value)
    fromFile.push(variable)
  }
  // Who writes --to means the upstream, whatever file of IIS the settings name.
  if (variables.has('UPSTREAM') && fromFile.includes('WEB_CONFIG')) delete env.WEB_CONFIG
  const said = sayer(variables, fromFile, file)
  const mistakes = [...file?.mistakes ?? []]
  try {
    const settings = readEnvironment(env)
    const about = settings.webConfig === null ? SETTINGS.filter(({ variable }) => ['OPEN', 'WEB_CONFIG_ROOT', 'WEB_CONFIG_BASE', 'WEB_CONFIG_FILES'].includes(variable) && variables.has(variable)) : []
    mistakes.push(...about.map(({ option, value }) => `--${option} is about a file of IIS, and there is none: --web-config FILE --${option}${value === null ? '' : ` ${value}`}.`))
    if (mistakes.length === 0) return { settings, fromFile, said }
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error
    const places = new Map(fromFile.map(variable => [variable, file?.place(settingOf(variable).key)]))
    mistakes.push(...error.message.split('\n').map(line => {
      const variable = fromFile.find(name => new RegExp(`\\b${name}\\b`).test(line))
      return `${variable === undefined ? '' : `${places.get(variable)}: `}${said(line)}`
    }))
  }
  throw new UsageError(mistakes.join('\n'))
}

function textOf ({ between, words }: Setting, value: unknown): string {
  if (value === null) return 'off'
  if (Array.isArray(value)) return value.join(between)
  if (typeof value === 'boolean' && words !== undefined) return words[value ? 1 : 0]
  return String(value)
}

function settingOf (variable: string): Setting {
  return SETTINGS.find(setting => setting.variable === variable) as Setting
}

/** What is not set by a variable is spoken of as its option, or by its name in the file. */
function sayer (variables: Asked['variables'], fromFile: readonly string[], file: ConfigFile | null): InForce['said'] {
  const told = SETTINGS.flatMap(({ variable, option, key }) => {
    const isFromFile = fromFile.includes(variable)
    if (!isFromFile && !variables.has(variable) && process.env[variable]) return []
    if (!isFromFile && option === null) return []
    const name = isFromFile ? `"${key}"` : `--${option}`
    return [{ name, isFromFile, remedy: option === null ? `"${key}" in ${file?.path}: ` : `--${option} `, pattern: new RegExp(`\\b${variable}\\b(=(?=\\S))?`, 'g') }]
  })
  return sentence => told.reduce((text, { name, remedy, pattern }) => text.replace(pattern, (_, equals?: string) => equals === undefined ? name : remedy), sentence.replaceAll('WEB_CONFIG, or --web-config', '--web-config'))
}
