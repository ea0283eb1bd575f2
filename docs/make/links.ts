// Where does a link of a Markdown file lead on the site? To a page, or to the file in the repository.
import { dirname, join, relative } from 'node:path'
import { pageOf, root } from './pages.ts'

/** What is used of markdown-it. */
interface Token {
  readonly type: string
  readonly children: Token[] | null
  attrGet: (name: string) => string | null
  attrSet: (name: string, value: string) => void
}

interface MarkdownIt {
  readonly core: { readonly ruler: { push: (name: string, rule: (state: { tokens: Token[], env: { path?: string } }) => void) => void } }
}

const REPOSITORY = 'https://github.com/fastify-arr/fastify-arr/tree/main/'

/** Links of READMEs and guides lead to files; on the site, to their pages. */
export function followLinks (markdown: MarkdownIt): void {
  markdown.core.ruler.push('follow-links', ({ tokens, env }) => {
    if (env.path === undefined) return
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (href !== null) token.attrSet('href', destination(href, env.path))
    }
  })
}

/** `file` is the one that has the link. */
export function destination (href: string, file: string): string {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return href
  const [path = '', anchor] = href.split('#')
  const target = join(dirname(file), decodeURI(path))
  const page = pageOf(target)
  const hash = anchor === undefined ? '' : `#${anchor}`
  return page === null ? `${REPOSITORY}${relative(root, target).replaceAll('\\', '/')}${hash}` : `/${page}.md${hash}`
}
