// `<requestFiltering>`: what each of its parts refuses.
import { any, attribute, closedUnless, denial, entry, isExtension, limit, list, lostUnless, same, type Shape } from './shape.ts'

/** The hidden segments that IIS ships in applicationHost.config, with ASP.NET: they protect files on a disk. */
export const SEGMENTS = ['web.config', 'bin', 'App_code', 'App_GlobalResources', 'App_LocalResources', 'App_WebReferences', 'App_Data', 'App_Browsers']

/** The file extensions that it ships there. */
export const EXTENSIONS: readonly string[] = ('.asa .asax .ascx .master .skin .browser .sitemap .config .cs .csproj .vb .vbproj .webinfo .licx .resx .resources .mdb .vjsproj .java .jsl .ldb .dsdgm .ssdgm ' +
  '.lsad .ssmap .cd .dsprototype .lsaprototype .sdm .sdmDocument .mdf .ldf .ad .dd .ldd .sd .adprototype .lddprototype .exclude .refresh .compiled .msgx .vsdisco .rules').split(' ')

/** https://learn.microsoft.com/iis/configuration/system.webserver/security/requestfiltering/ */
export const REQUEST_FILTERING: Shape = {
  name: 'requestFiltering',
  attributes: {
    allowDoubleEscaping: any,
    allowHighBitCharacters: value => same(value, 'true') ? 'plain' : { refuses: 'refuses URLs with characters that are not ASCII (404.12)', door: 'allowHighBitCharacters' },
    unescapeQueryString: any,
    removeServerHeader: lostUnless('false')
  },
  children: {
    verbs: { name: 'verbs', ...list(entry('verb', 'refuses # (404.6)'), { allowUnlisted: closedUnless('true', 'refuses every verb that is not listed (404.6)'), applyToWebDAV: any }) },
    fileExtensions: { name: 'fileExtensions', ...list(entry('fileExtension', 'refuses URLs that end in # (404.7)', EXTENSIONS, isExtension), { allowUnlisted: closedUnless('true', 'refuses every file extension that is not listed (404.7)'), applyToWebDAV: any }) },
    hiddenSegments: { name: 'hiddenSegments', ...list(denial('segment', 'refuses URLs with the segment # (404.8)', SEGMENTS, value => !/[/\\]/.test(value)), { applyToWebDAV: any }) },
    denyUrlSequences: { name: 'denyUrlSequences', ...list(denial('sequence', 'refuses URLs with # in them (404.5)')) },
    denyQueryStringSequences: { name: 'denyQueryStringSequences', ...list(denial('sequence', 'refuses queries with # in them (404.18)')) },
    alwaysAllowedUrls: list({ attributes: { url: any } }),
    alwaysAllowedQueryStrings: list({ attributes: { queryString: any } }),
    filteringRules: {
      name: 'filteringRules',
      children: {
        filteringRule: {
          attributes: { name: any, scanUrl: any, scanQueryString: any, scanAllRaw: any, denyUnescapedPercent: any },
          children: { scanHeaders: list({ attributes: { requestHeader: any } }), appliesTo: list({ attributes: { fileExtension: any } }), denyStrings: list({ attributes: { string: any } }) },
          refuses: part => {
            const extensions = part.children.filter(({ name }) => name === 'appliesTo').flatMap(list => list.children.filter(({ name }) => name === 'add')).map(add => attribute(add, 'fileExtension'))
            return [{ part, refuses: `refuses what the rule ${attribute(part, 'name')} finds (404.19)`, ...!extensions.every(isExtension) && { beyond: true } }]
          }
        },
        remove: { free: true },
        clear: {}
      }
    },
    requestLimits: {
      name: 'requestLimits',
      attributes: {
        maxAllowedContentLength: limit(30_000_000, 'refuses bodies of more than # bytes (413.1)'),
        maxUrl: limit(4096, 'refuses URLs of more than # bytes (404.14)'),
        maxQueryString: limit(2048, 'refuses queries of more than # bytes (404.15)')
      },
      children: { headerLimits: list({ attributes: { header: any, sizeLimit: any }, refuses: part => [{ part, refuses: `refuses requests whose ${attribute(part, 'header')} is longer than ${attribute(part, 'sizeLimit')} bytes (431)` }] }) }
    }
  }
}
