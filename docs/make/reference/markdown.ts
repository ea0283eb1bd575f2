// How is a text of the code written into a page?

/** A doc comment as a paragraph. Tags of HTML outside of code are text. */
export function prose (text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ').split(/(`[^`]*`)/).map((part, index) => index % 2 === 1 ? part : part.replaceAll('<', '&lt;')).join('')
}

/** The same in a cell of a table. */
export function cell (text: string): string {
  return prose(text).replaceAll('|', '\\|')
}

/** Code in a cell. */
export function code (text: string): string {
  const line = text.replace(/\s+/g, ' ').replaceAll('|', '\\|')
  return line === '' ? '' : line.includes('`') ? `\`\` ${line} \`\`` : `\`${line}\``
}

export function table (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** A page whose text is no template of Vue's. */
export function page (title: string, introduction: string, parts: readonly string[]): string {
  return [`---\neditLink: false\n---\n\n# ${title}`, introduction, '::: v-pre', ...parts, ':::'].join('\n\n') + '\n'
}
