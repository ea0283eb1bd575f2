// Which application runs inside IIS, and how is it started and reached here?
import type { XmlElement } from '../xml/element.ts'

/** What to do instead of letting IIS start an application. */
export interface Started {
  readonly note: string
  readonly advice: string
}

/** The port that is written into the advice where the file names none. */
const PORT = 5000

const attribute = (element: XmlElement, name: string): string => element.attributes.get(name)?.value.trim() ?? ''

/** How an application of this section is started here; undefined for other sections. */
export function applicationOf (section: XmlElement): Started | undefined {
  switch (section.name) {
    case 'aspNetCore': {
      const variables = variablesOf(section)
      const urls = variables.get('ASPNETCORE_URLS') ?? /--urls[= ]["']?([^"'\s]+)/i.exec(attribute(section, 'arguments'))?.[1] ?? ''
      const port = portOf(urls) ?? (variables.get('ASPNETCORE_HTTP_PORTS') ?? '').split(';')[0]
      return told('an ASP.NET Core application that IIS starts', section, `ASPNETCORE_URLS=http://localhost:${port || PORT}`, port || String(PORT))
    }
    case 'httpPlatform': {
      // IIS chooses a free port, writes it into the variable, and replaces %HTTP_PLATFORM_PORT% in arguments and variables.
      const names = [...variablesOf(section)].filter(([, value]) => /%HTTP_PLATFORM_PORT%/i.test(value)).map(([name]) => name)
      const environment = [...names, 'HTTP_PLATFORM_PORT'].map(name => `${name}=${PORT}`).join(' ')
      return told('an application that IIS starts', section, environment, String(PORT))
    }
    case 'iisnode': {
      const entry = handlerPath(section) ?? 'server.js'
      return { note: 'a Node application that IIS starts; IIS gives it a pipe in the variable PORT', advice: advice(`PORT=${PORT} node ${entry}`, String(PORT)) }
    }
    default: return undefined
  }
}

function told (what: string, section: XmlElement, environment: string, port: string): Started {
  const program = [attribute(section, 'processPath'), attribute(section, 'arguments')].filter(word => word !== '').join(' ').replace(/%HTTP_PLATFORM_PORT%/gi, port)
  return { note: what, advice: advice(`${environment} ${program === '' ? 'and its program' : program}`, port) }
}

function advice (command: string, port: string): string {
  return `start it yourself: ${command.replace(/\s+/g, ' ')}; and lead requests to it: <rule name="application" stopProcessing="true"><match url="(.*)" /><action type="Rewrite" url="http://localhost:${port}/{R:1}" /></rule>`
}

/** The `<environmentVariables>` of a section. */
function variablesOf (section: XmlElement): Map<string, string> {
  return new Map(section.children.filter(({ name }) => name === 'environmentVariables').flatMap(list => list.children)
    .map(variable => [attribute(variable, 'name').toUpperCase(), attribute(variable, 'value')]))
}

function portOf (urls: string): string | undefined {
  return /^http:\/\/[^/;]*:(\d+)/i.exec(urls.split(';').find(url => /^http:/i.test(url)) ?? '')?.[1]
}

/** The file that a handler of iisnode beside the section is for. */
function handlerPath (section: XmlElement): string | undefined {
  const handlers = section.parent?.children.filter(({ name }) => name === 'handlers').flatMap(list => list.children) ?? []
  const own = handlers.find(add => /iisnode/i.test(attribute(add, 'modules')))
  return own === undefined || attribute(own, 'path').includes('*') ? undefined : attribute(own, 'path') || undefined
}
