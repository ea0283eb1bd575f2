// Which anchor has a heading, and which anchors has a file? GitHub's way, so that one link leads somewhere there and on the site.

/** The anchor of a heading's text. */
export function githubSlug (text: string): string {
  return text.trim().toLowerCase().replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '').replace(/\s/g, '-')
}

/** All anchors of a Markdown text: a heading that comes again gets a number. */
export function anchorsIn (markdown: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, title = ''] of withoutFences(markdown).matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = githubSlug(plain(title))
    let anchor = slug
    for (let number = 1; anchors.has(anchor); number++) anchor = `${slug}-${number}`
    anchors.add(anchor)
  }
  return anchors
}

/** What is in fences is no text of the page. */
export function withoutFences (markdown: string): string {
  return markdown.replace(/^ *(```+|~~~+).*?\n(?:.*\n)*? *\1 *$/gm, '')
}

/** The text of a heading without its marks. */
function plain (title: string): string {
  return title.replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/`([^`]*)`/g, '$1').replace(/\*+/g, '')
}
