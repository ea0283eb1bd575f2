// Which handlers does IIS register itself, and which applications do the others start?
import type { XmlElement } from '../xml/element.ts'

/** Handlers of IIS, of classic ASP, CGI, WebDAV and .NET, as their features register them. */
const NAMES = new Set([
  'TRACEVerbHandler', 'OPTIONSVerbHandler', 'StaticFile', 'ASPClassic', 'SecurityCertificate', 'CGI-exe', 'ISAPI-dll', 'SSINC-stm', 'SSINC-shtm', 'SSINC-shtml', 'WebDAV', 'rules-Integrated-4.0',
  'ScriptResourceIntegrated-4.0', 'xoml-Integrated-4.0', 'svc-Integrated-4.0', 'xamlx-Integrated-4.0'
].map(name => name.toLowerCase()))

/** Those of .NET, one for each version and pipeline. */
const NET = new RegExp('^(AXD|PageHandlerFactory|SimpleHandlerFactory|WebServiceHandlerFactory|HttpRemotingHandlerFactory-(rem|soap)|aspq|(cs|vb)html?|svc|rules|xoml|xamlx|TraceHandler|WebAdminHandler|' +
  'AssemblyResourceLoader|ScriptHandlerFactoryAppServices|ScriptResource|ExtensionlessUrlHandler|ExtensionlessUrl)-(ISAPI|Integrated)(-[24]\\.0(_(32|64)bit)?)?$', 'i')

/** Whether a handler is one that IIS ships, under its own name. */
export function isShippedHandler ({ attributes }: XmlElement): boolean {
  const name = attributes.get('name')?.value.trim() ?? ''
  return NAMES.has(name.toLowerCase()) || NET.test(name)
}
