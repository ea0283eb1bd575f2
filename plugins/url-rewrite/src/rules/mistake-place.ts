// Which option is a mistake in? Its name grows from the inside to the outside as the mistake is passed on.

/** The options inside a rule, or a precondition, that a sentence may begin with. */
const INSIDE = /^(?:name|match|action|conditions|serverVariables|patternSyntax|preCondition)(?=[.[ :])[\w.[\]]*(?<!\.)/

/** The name of an option of the plugin ends here; the names of sites and paths in it may have spaces. */
const NAME = /^(.+?)(?=: | must | is | has )/

/** A mistake in one of a list: of `action.type is …` in the first of `rules`, the name becomes `rules[0].action.type`. */
export function inList (label: string, index: number, name: unknown, sentence: string): string {
  const place = `${label}[${index}]`
  const of = typeof name === 'string' && name !== '' ? ` of "${name}"` : ''
  const inner = INSIDE.exec(sentence)?.[0]
  if (inner !== undefined) return `\`${place}.${inner}\`${of}${sentence.slice(inner.length)}`
  return `\`${place}\`${of}${/^(?:must|is|has) /.test(sentence) ? '' : ':'} ${sentence}`
}

/** The mistake with the name of its option in backquotes. */
export function quoted (sentence: string): string {
  return sentence.startsWith('`') ? sentence : sentence.replace(NAME, '`$1`')
}
