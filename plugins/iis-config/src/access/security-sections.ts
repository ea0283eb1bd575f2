// What does each section refuse, value by value? The schema of the sections that close something, with IIS's defaults.
import { refusedByAspNet, refusedByIis, type Refused } from './authorization.ts'
import type { Door } from './doors.ts'
import type { XmlElement } from '../xml/parse.ts'

/** What a value comes to: `plain` where it asks for what happens here anyway, `lost` where it asks for more but refuses nothing. */
export type Verdict = 'plain' | 'lost' | { readonly refuses: string, readonly door?: Door }

/** An element: what each attribute comes to, and the elements it may hold. What is not in a shape, IIS refuses. */
export interface Shape {
  /** The name that opens it, where it has one of its own. */
  readonly name?: Door
  readonly attributes?: Readonly<Record<string, (value: string) => Verdict>>
  readonly children?: Readonly<Record<string, Shape>>
  /** What it refuses as a whole. */
  readonly refuses?: (element: XmlElement) => readonly Refused[]
  /** Holds more than the shape says, none of which refuses anything. */
  readonly free?: true
}

/** Refuses nothing, whatever it is. */
const any = (): Verdict => 'plain'

/** Closes with every value but one: what is not understood does not open. */
const closedUnless = (open: string, refuses: string) => (value: string): Verdict => same(value, open) ? 'plain' : { refuses }

const lostUnless = (...plain: readonly string[]) => (value: string): Verdict => plain.some(one => same(value, one)) ? 'plain' : 'lost'

/** A limit closes where it is below IIS's default; above, IIS lets more through than it does by itself. */
const limit = (byDefault: number, refuses: string) => (value: string): Verdict => {
  const number = /^\s*\d+\s*$/.test(value) ? Number(value) : NaN
  return number === byDefault ? 'plain' : number > byDefault ? 'lost' : { refuses: refuses.replace('#', () => value) }
}

/** An entry that refuses something, unless it is one of a list that IIS ships. */
const denial = (key: string, refuses: string, shipped: readonly string[] = []): Shape => ({
  attributes: { [key]: any },
  refuses: part => {
    const value = attribute(part, key)
    return shipped.some(one => same(value, one)) ? [] : [{ part, refuses: refuses.replace('#', () => value) }]
  }
})

/** An entry that refuses something, unless it has `allowed="true"`. */
const entry = (key: string, refuses: string, shipped?: readonly string[]): Shape => ({
  attributes: { [key]: any, allowed: any },
  refuses: part => same(attribute(part, 'allowed'), 'true') ? [] : denial(key, refuses, shipped).refuses?.(part) ?? []
})

const list = (add: Shape, more: Shape['attributes'] = {}): Shape => ({ attributes: more, children: { add, remove: { free: true }, clear: {} } })

/** `hiddenSegments` and `fileExtensions` of a shipped applicationHost.config: they protect files on a disk, and none is served here. */
const SEGMENTS = ['web.config', 'bin', 'App_code', 'App_GlobalResources', 'App_LocalResources', 'App_WebReferences', 'App_Data', 'App_Browsers']
const EXTENSIONS = ('.asa .asax .ascx .master .skin .browser .sitemap .config .cs .csproj .vb .vbproj .webinfo .licx .resx .resources .mdb .vjsproj .java .jsl .ldb .dsdgm .ssdgm ' +
  '.lsad .ssmap .cd .dsprototype .lsaprototype .sdm .sdmDocument .mdf .ldf .ad .dd .ldd .sd .adprototype .lddprototype .exclude .refresh .compiled .msgx .vsdisco .rules').split(' ')

const REQUEST_FILTERING: Shape = {
  name: 'requestFiltering',
  attributes: {
    allowDoubleEscaping: any,
    allowHighBitCharacters: value => same(value, 'true') ? 'plain' : { refuses: 'refuses URLs with characters that are not ASCII (404.12)', door: 'allowHighBitCharacters' },
    unescapeQueryString: any,
    removeServerHeader: lostUnless('false')
  },
  children: {
    verbs: { name: 'verbs', ...list(entry('verb', 'refuses # (404.6)'), { allowUnlisted: closedUnless('true', 'refuses every verb that is not listed (404.6)'), applyToWebDAV: any }) },
    fileExtensions: { name: 'fileExtensions', ...list(entry('fileExtension', 'refuses URLs that end in # (404.7)', EXTENSIONS), { allowUnlisted: closedUnless('true', 'refuses every file extension that is not listed (404.7)'), applyToWebDAV: any }) },
    hiddenSegments: { name: 'hiddenSegments', ...list(denial('segment', 'refuses URLs with the segment # (404.8)', SEGMENTS), { applyToWebDAV: any }) },
    denyUrlSequences: { name: 'denyUrlSequences', ...list(denial('sequence', 'refuses URLs with # in them (404.5)')) },
    denyQueryStringSequences: { name: 'denyQueryStringSequences', ...list(denial('sequence', 'refuses queries with # in them (404.18)')) },
    alwaysAllowedUrls: { free: true },
    alwaysAllowedQueryStrings: { free: true },
    filteringRules: {
      name: 'filteringRules',
      children: {
        filteringRule: { free: true, refuses: part => [{ part, refuses: `refuses what the rule ${attribute(part, 'name')} finds (404.19)` }] },
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

const RULE: Shape = { attributes: { users: any, roles: any, verbs: any } }

/** Ways of logging in. Beside anonymous authentication they refuse nobody. */
const LOGIN: Shape = { free: true, attributes: { enabled: lostUnless('false') } }

/** The sections, by name, as they stand in `<security>`, `<authentication>` or `<system.webServer>`. https://learn.microsoft.com/iis/configuration/system.webserver/security/ */
export const SECTIONS: Readonly<Record<string, Shape>> = {
  requestFiltering: REQUEST_FILTERING,
  ipSecurity: {
    name: 'ipSecurity',
    ...list({
      attributes: { ipAddress: any, subnetMask: any, domainName: any, allowed: any },
      refuses: part => same(attribute(part, 'allowed'), 'true')
        ? []
        : [{ part, refuses: `refuses ${['ipAddress', 'subnetMask', 'domainName'].map(name => attribute(part, name)).filter(value => value !== '').join(' ')} (403.6)` }]
    }, { allowUnlisted: closedUnless('true', 'refuses every address that is not listed (403.6)'), enableReverseDns: any, enableProxyMode: any, denyAction: any })
  },
  dynamicIpSecurity: {
    name: 'dynamicIpSecurity',
    attributes: { denyAction: any, enableProxyMode: any, enableLoggingOnlyMode: lostUnless('false') },
    children: {
      denyByConcurrentRequests: { attributes: { enabled: any, maxConcurrentRequests: any }, refuses: part => tooMany(part, 'with too many requests at a time (403.501)') },
      denyByRequestRate: { attributes: { enabled: any, maxRequests: any, requestIntervalInMilliseconds: any }, refuses: part => tooMany(part, 'that ask too often (403.502)') }
    }
  },
  access: { name: 'access', attributes: { sslFlags: accessFlags } },
  anonymousAuthentication: { name: 'anonymousAuthentication', free: true, attributes: { enabled: closedUnless('true', 'refuses whoever does not log in (401.2)') } },
  iisClientCertificateMappingAuthentication: {
    ...LOGIN,
    name: 'iisClientCertificateMappingAuthentication',
    refuses: section => same(attribute(section, 'enabled'), 'true') ? denials(section) : []
  },
  basicAuthentication: LOGIN,
  digestAuthentication: LOGIN,
  windowsAuthentication: LOGIN,
  clientCertificateMappingAuthentication: LOGIN,
  authorization: { name: 'authorization', ...list({ attributes: { ...RULE.attributes, accessType: any } }, { bypassLoginPages: any }), refuses: refusedByIis },
  serverRuntime: {
    name: 'serverRuntime',
    free: true,
    attributes: {
      enabled: closedUnless('true', 'refuses every request'),
      maxRequestEntityAllowed: limit(4_294_967_295, 'refuses bodies of more than # bytes (403)')
    }
  },
  isapiCgiRestriction: { free: true },
  applicationDependencies: { free: true }
}

/** `<authorization>` in `<system.web>`. */
export const ASP_NET_AUTHORIZATION: Shape = { name: 'authorization', children: { allow: RULE, deny: RULE }, refuses: refusedByAspNet }

function accessFlags (value: string): Verdict {
  const flags = value.split(',').map(flag => flag.trim().toLowerCase()).filter(flag => flag !== '')
  if (flags.every(flag => flag === 'none' || flag === '0')) return 'plain'
  if (flags.includes('sslrequirecert')) return { refuses: 'refuses whoever has no client certificate (403.7)' }
  if (flags.includes('ssl') || flags.includes('ssl128')) return { refuses: 'refuses requests without TLS (403.4)' }
  return { refuses: 'asks clients for certificates, and nobody asks for them here' }
}

function tooMany (part: XmlElement, refuses: string): Refused[] {
  const isOff = same(attribute(part, 'enabled') || 'false', 'false') || same(attribute(part.parent, 'enableLoggingOnlyMode'), 'true')
  return isOff ? [] : [{ part, refuses: `refuses clients ${refuses}` }]
}

function denials (element: XmlElement): Refused[] {
  return element.children.flatMap(part => [
    ...['deny', '2'].includes(attribute(part, 'permissionMode').trim().toLowerCase()) ? [{ part, refuses: 'refuses the client certificates it describes (403)' }] : [],
    ...denials(part)
  ])
}

function attribute (element: XmlElement | null, name: string): string {
  return element?.attributes.get(name)?.value ?? ''
}

function same (a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.toLowerCase()
}
