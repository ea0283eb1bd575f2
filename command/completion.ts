// What does a shell complete? The commands and the options, and files behind those that take one.
import { UsageError } from './asking/arguments.ts'
import { COMMANDS } from './asking/commands.ts'
import { OPTIONS, SETTINGS } from './asking/settings.ts'

/** The options that are followed by a file or a folder. */
const FILES: readonly string[] = ['config', 'web-config', 'log-dir', 'certificate', 'root']
const VALUES = SETTINGS.flatMap(({ option, value }) => option === null || value === null || FILES.includes(option) ? [] : [option])
const options = OPTIONS.map(name => `--${name}`).join(' ')
const commands = Object.keys(COMMANDS).join(' ')
const dashed = (names: readonly string[]): string => names.map(name => `--${name}`).join('|')

const SHELLS: Readonly<Record<string, () => string>> = {
  bash: () => `# eval "$(fastify-arr completion bash)"
_fastify_arr () {
  local word=\${COMP_WORDS[COMP_CWORD]}
  case \${COMP_WORDS[COMP_CWORD-1]} in
    ${dashed(FILES)}) COMPREPLY=($(compgen -f -- "$word")) ;;
    ${dashed(VALUES)}) COMPREPLY=() ;;
    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word")) ;;
    *)
      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W '${options}' -- "$word"))
      elif [[ $COMP_CWORD -eq 1 ]]; then COMPREPLY=($(compgen -W '${commands}' -- "$word"))
      else COMPREPLY=($(compgen -f -- "$word")); fi ;;
  esac
}
complete -F _fastify_arr fastify-arr
`,
  zsh: () => `# eval "$(fastify-arr completion zsh)"
_fastify_arr () {
  case $words[CURRENT-1] in
    ${dashed(FILES)}) _files ;;
    ${dashed(VALUES)}) ;;
    completion) compadd bash zsh fish ;;
    *)
      if [[ $words[CURRENT] == -* ]]; then compadd -- ${options}
      elif (( CURRENT == 2 )); then compadd ${commands}
      else _files; fi ;;
  esac
}
compdef _fastify_arr fastify-arr
`,
  fish: () => ['# fastify-arr completion fish | source',
    ...Object.entries(COMMANDS).map(([name, { text }]) => `complete -c fastify-arr -n __fish_use_subcommand -f -a ${name} -d '${text.replaceAll("'", "\\'")}'`),
    'complete -c fastify-arr -n \'__fish_seen_subcommand_from completion\' -f -a \'bash zsh fish\'',
    ...OPTIONS.map(name => `complete -c fastify-arr -l ${name}${FILES.includes(name) ? ' -r' : VALUES.includes(name) ? ' -x' : ''}`),
    ''
  ].join('\n')
}

/** The shell's own program text. @throws UsageError where the shell is not known. */
export function completionFor (shell: string | null): string {
  const text = shell !== null && Object.hasOwn(SHELLS, shell) ? SHELLS[shell]?.() : undefined
  if (text === undefined) throw new UsageError(`completion needs a shell, and not ${shell === null ? 'none' : JSON.stringify(shell)}: fastify-arr completion ${Object.keys(SHELLS).join('|')}.`)
  return text
}
