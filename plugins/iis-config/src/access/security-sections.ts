// The sections that can refuse requests: what each of their values refuses.
import type { XmlElement } from '../xml/element.ts'
import { refusedByAspNet, refusedByIis } from './authorization.ts'
import { REQUEST_FILTERING } from './request-filtering.ts'
import { any, attribute, closedUnless, limit, list, lostUnless, same, type Refused, type Shape, type Verdict } from './shape.ts'

/** A rule of `<authorization>`. */
const RULE: Shape = { attributes: { users: any, roles: any, verbs: any } }

/** Ways of logging in. They refuse no request while anonymous authentication is enabled. */
const LOGIN: Shape = { free: true, attributes: { enabled: lostUnless('false') } }

/** The sections of `<security>`, `<authentication>` and `<system.webServer>`, by name. https://learn.microsoft.com/iis/configuration/system.webserver/security/ */
export const SECTIONS: Readonly<Record<string, Shape>> = {
  requestFiltering: REQUEST_FILTERING,
  ipSecurity: {
    name: 'ipSecurity',
    ...list({
      attributes: { ipAddress: any, subnetMask: any, domainName: any, allowed: any },
      refuses: part => same(attribute(part, 'allowed'), 'true')
        ? []
        : [{
            part,
            refuses: `refuses ${['ipAddress', 'subnetMask', 'domainName'].map(name => attribute(part, name)).filter(value => value !== '').join(' ')} (403.6)`,
            // Nothing here looks up the name of an address.
            ...attribute(part, 'domainName') !== '' && { beyond: true }
          }]
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

/** `sslFlags` of `<access>`. */
function accessFlags (value: string): Verdict {
  const flags = value.split(',').map(flag => flag.trim().toLowerCase()).filter(flag => flag !== '')
  if (flags.every(flag => flag === 'none' || flag === '0')) return 'plain'
  if (flags.includes('sslrequirecert')) return { refuses: 'refuses whoever has no client certificate (403.7)' }
  if (flags.includes('ssl') || flags.includes('ssl128')) return { refuses: 'refuses requests without TLS (403.4)' }
  return { refuses: 'asks clients for certificates, and nobody asks for them here' }
}

/** A part of `<dynamicIpSecurity>`, which refuses requests only while it is enabled and not in logging-only mode. */
function tooMany (part: XmlElement, refuses: string): Refused[] {
  const isOff = same(attribute(part, 'enabled') || 'false', 'false') || same(attribute(part.parent, 'enableLoggingOnlyMode'), 'true')
  return isOff ? [] : [{ part, refuses: `refuses clients ${refuses}` }]
}

/** Mappings of client certificates that deny access, at any depth. */
function denials (element: XmlElement): Refused[] {
  return element.children.flatMap(part => [
    ...['deny', '2'].includes(attribute(part, 'permissionMode').trim().toLowerCase()) ? [{ part, refuses: 'refuses the client certificates it describes (403)' }] : [],
    ...denials(part)
  ])
}
