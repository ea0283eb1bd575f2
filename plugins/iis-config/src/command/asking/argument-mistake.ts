// What is wrong with the arguments of a command, in one sentence?
import { nearest } from './nearest.ts'

/** What `parseArgs` of Node.js could not parse; `options` are the names that the command knows, without dashes. */
export function mistakeIn ({ code, message }: Error & { readonly code?: string }, options: readonly string[]): string {
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return (message.split('\n')[0] as string).replace(/^Option /, '')
  const option = /'(--?[^'\s]+)/.exec(message)?.[1] ?? ''
  const meant = nearest(option.replace(/^-+/, '').split('=')[0] as string, options)
  return `there is no option ${option}${meant === null ? '' : `: did you mean --${meant}?`}`
}
