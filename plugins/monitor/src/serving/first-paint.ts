// How is the page painted soon? A browser paints once all style sheets are there, and has six connections for them and for the modules.
import { posix } from 'node:path'

/** Matches the lines of `page/index.html` that name a style sheet. */
const STYLE_SHEET = /[ \t]*<link rel="stylesheet" href="([^"]+)">\n/g
/** Matches what a module imports at once; `import()` is for later. */
const IMPORT = /^(?:import|export)\b[^'"\n]*\bfrom '(\.[^']+)'/gm
/** What is shown first. */
const FIRST: readonly string[] = ['page/app.js', 'page/views/now.js']
const HEAD = '    <script src='

/** Where all style sheets are, in one. */
export const ALL_STYLES = 'page/all.css'

type Files = ReadonlyMap<string, { readonly content: Buffer }>

/** The page's HTML, which names one style sheet, and that one. The modules of the first view are named behind it, so that a browser asks for all of them at once, and for what it paints with before them. */
export function paintSoon (html: string, files: Files): { readonly html: string, readonly styles: string } {
  let styles = ''
  const rest = html.replace(STYLE_SHEET, (line, name: string) => {
    const file = files.get(name)
    if (file === undefined) return line
    styles += `${file.content}\n`
    return ''
  })
  return {
    html: rest
      .replace(HEAD, `    <link rel="stylesheet" href="${ALL_STYLES}">\n${HEAD}`)
      .replace('</body>', `${modulesOf(files).map(name => `\n    <link rel="modulepreload" fetchpriority="low" href="${name}">`).join('')}\n  </body>`),
    styles
  }
}

/** The modules that the first view needs. */
function modulesOf (files: Files): string[] {
  const found = [...FIRST]
  for (const name of found) {
    for (const [, path = ''] of String(files.get(name)?.content ?? '').matchAll(IMPORT)) {
      const imported = posix.join(posix.dirname(name), path)
      if (files.has(imported) && !found.includes(imported)) found.push(imported)
    }
  }
  return found
}
