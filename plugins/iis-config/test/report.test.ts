import fc from 'fast-check'
import { test } from 'tap'
import { readConfigText, type Report } from '../src/index.ts'

/** Every element and attribute that the reference names, with a value IIS accepts. Children by name; attributes behind `@`. */
interface Tree { readonly [name: string]: string | Tree }

const protocol: Tree = {
  '@httpVersion': 'PassThrough',
  '@keepAlive': 'true',
  '@timeout': '00:02:00',
  '@preserveHostHeader': 'false',
  '@reverseRewriteHostInResponseHeaders': 'true',
  '@xForwardedForHeaderName': 'X-Forwarded-For',
  '@includePortInXForwardedFor': 'true',
  '@xForwardedByHeaderName': 'X-Forwarded-By',
  '@xForwardedByHeader': 'arr',
  '@arrResponseHeader': 'true',
  '@sslHeaderName': 'X-ARR-SSL',
  '@clientCertHeaderName': 'X-ARR-ClientCert',
  '@maxForwards': '10',
  '@minResponseBuffer': '256',
  '@responseBufferLimit': '4096',
  '@maxResponseHeaderSize': '65536',
  '@bufferChunkedResponses': 'true',
  '@stealthMode': 'false',
  '@passServerHeader': 'Replace',
  '@passConnectionCloseHeader': 'false',
  '@clientCertFileName': 'a.pfx',
  '@clientCertPassword': 'hush',
  '@clientCertHash': '00',
  cache: { '@enabled': 'true', '@queryStringHandling': 'Ignore', '@validationInterval': '00:01:00', '@requestConsolidationEnabled': 'false' }
}

const rule: Tree = {
  '@name': 'rule',
  '@enabled': 'true',
  '@patternSyntax': 'ECMAScript',
  '@stopProcessing': 'true',
  '@responseCacheDirective': 'Auto',
  match: { '@url': '.*', '@ignoreCase': 'true', '@negate': 'false' },
  conditions: {
    '@logicalGrouping': 'MatchAny',
    '@trackAllCaptures': 'false',
    add: { '@input': '{URL}', '@matchType': 'Pattern', '@pattern': '.', '@ignoreCase': 'true', '@negate': 'false' }
  },
  serverVariables: { set: { '@name': 'HTTP_X', '@value': '1', '@replace': 'true' } },
  action: {
    '@type': 'Rewrite',
    '@url': 'http://b/',
    '@appendQueryString': 'true',
    '@logRewrittenUrl': 'true',
    '@redirectType': 'Permanent',
    '@statusCode': '403',
    '@subStatusCode': '1',
    '@statusReason': 'No',
    '@statusDescription': 'No'
  }
}

const logFile: Tree = {
  '@enabled': 'true',
  '@logFormat': 'W3C',
  '@directory': '%SystemDrive%\\x',
  '@period': 'Daily',
  '@truncateSize': '20971520',
  '@localTimeRollover': 'false',
  '@logExtFileFlags': 'Date, Time',
  '@logSiteId': 'true',
  '@logTargetW3C': 'File',
  '@flushByEntryCountW3CLog': '0',
  '@maxLogLineLength': '65536',
  '@customLogPluginClsid': '',
  customFields: { '@maxCustomFieldLength': '4096', add: { '@logFieldName': 'x', '@sourceName': 'X', '@sourceType': 'RequestHeader' } }
}

const application: Tree = { '@path': '/', '@applicationPool': 'p', virtualDirectory: { '@path': '/', '@physicalPath': 'C:\\x' } }

const SCHEMA: Tree = {
  'system.applicationHost': {
    log: { '@centralLogFileMode': 'Site', '@logInUTF8': 'true', centralW3CLogFile: { '@enabled': 'true', '@directory': 'x' }, centralBinaryLogFile: { '@enabled': 'false' } },
    sites: {
      site: {
        '@name': 's',
        '@id': '1',
        '@serverAutoStart': 'true',
        application,
        bindings: { binding: { '@protocol': 'https', '@bindingInformation': '*:443:', '@sslFlags': '1', '@certificateHash': '00', '@certificateStoreName': 'My' } },
        limits: { '@connectionTimeout': '00:02:00', '@maxConnections': '1', '@maxBandwidth': '1', '@maxUrlSegments': '32' },
        hsts: { '@enabled': 'true', '@max-age': '1', '@includeSubDomains': 'true', '@preload': 'true', '@redirectHttpToHttps': 'true' },
        logFile,
        traceFailedRequestsLogging: { '@enabled': 'true', '@directory': 'x', '@maxLogFiles': '50', '@maxLogFileSizeKB': '1024', '@customActionsEnabled': 'false' },
        ftpServer: { '@allowUTF8': 'true' }
      },
      siteDefaults: { logFile, traceFailedRequestsLogging: { '@enabled': 'false' } },
      applicationDefaults: { '@applicationPool': 'p' },
      virtualDirectoryDefaults: { '@allowSubDirConfig': 'true' }
    }
  },
  webFarms: {
    webFarm: {
      '@name': 'f',
      '@enabled': 'true',
      server: {
        '@address': '10.0.0.1',
        '@enabled': 'true',
        applicationRequestRouting: { '@weight': '100', '@httpPort': '80', '@httpsPort': '443', '@hostName': 'h', '@healthCheckAlternateHostName': 'h', '@healthCheckAlternatePort': '1' }
      },
      applicationRequestRouting: {
        protocol,
        loadBalancing: { '@algorithm': 'WeightedRoundRobin', '@hashServerVariable': 'X', '@queryStringNames': 'x' },
        affinity: { '@useCookie': 'true', '@cookieName': 'ARRAffinity', '@timeout': '00:20:00' },
        healthCheck: { '@url': 'http://f/', '@interval': '00:00:30', '@timeout': '00:00:30', '@retries': '3', '@statusCodeMatch': '200-399', '@responseMatch': 'ok', '@liveTrafficFailureCodes': '500-', '@maxLiveTrafficFailures': '10', '@liveTrafficFailurePeriod': '00:00:00', '@minServers': '0', '@onDemandHealthCheck': 'false' }
      }
    }
  },
  'system.webServer': {
    proxy: { '@enabled': 'true', '@logGuidName': 'X-ARR-LOG-ID', '@logCacheHitName': 'X-ARR-CACHE-HIT', '@proxy': 'p', '@proxyBypass': 'b', ...protocol },
    webSocket: { '@enabled': 'true', '@receiveBufferLimit': '4194304', '@pingInterval': '00:00:00' },
    httpRedirect: { '@enabled': 'true', '@destination': '/x', '@exactDestination': 'true', '@childOnly': 'true', '@httpResponseStatus': 'Found', add: { '@wildcard': '/a*', '@destination': '/b' } },
    httpProtocol: { '@allowKeepAlive': 'true', customHeaders: { add: { '@name': 'X-A', '@value': '1' }, remove: { '@name': 'X-Powered-By' } }, redirectHeaders: { add: { '@name': 'X-B', '@value': '1' } } },
    tracing: { traceFailedRequests: { add: { '@path': '*', traceAreas: { add: { '@provider': 'WWW Server', '@areas': 'Rewrite', '@verbosity': 'Verbose' } }, failureDefinitions: { '@statusCodes': '400-999', '@timeTaken': '00:00:30', '@verbosity': 'Ignore', '@traceAllAfterTimeout': 'false' } } } },
    rewrite: {
      globalRules: { '@useOriginalURLEncoding': 'false', rule },
      rules: { '@useOriginalURLEncoding': 'true', rule },
      outboundRules: {
        '@rewriteBeforeCache': 'true',
        rule: {
          '@name': 'out',
          '@preCondition': 'pre',
          '@enabled': 'true',
          '@patternSyntax': 'ECMAScript',
          '@stopProcessing': 'true',
          match: { '@filterByTags': 'A', '@customTags': 't', '@serverVariable': 'RESPONSE_X', '@pattern': '.', '@occurrences': '0', '@ignoreCase': 'true', '@negate': 'false' },
          conditions: { '@logicalGrouping': 'MatchAll', '@trackAllCaptures': 'true', add: { '@input': '{URL}', '@pattern': '.' } },
          action: { '@type': 'Rewrite', '@value': '1', '@replace': 'true' }
        },
        preConditions: { preCondition: { '@name': 'pre', '@logicalGrouping': 'MatchAll', '@patternSyntax': 'ECMAScript', add: { '@input': '{RESPONSE_STATUS}', '@pattern': '.', '@ignoreCase': 'true', '@negate': 'false' } } },
        customTags: { tags: { '@name': 't', tag: { '@name': 'a', '@attribute': 'b' } } }
      },
      rewriteMaps: { rewriteMap: { '@name': 'm', '@defaultValue': '', '@ignoreCase': 'true', add: { '@key': 'a', '@value': 'b' } } },
      allowedServerVariables: { add: { '@name': 'HTTP_X' } },
      providers: { provider: { '@name': 'p', '@type': 't', settings: { add: { '@key': 'a', '@value': 'b' } } } }
    }
  },
  location: { '@path': 's', '@overrideMode': 'Allow', '@allowOverride': 'true', '@inheritInChildApplications': 'false', 'system.webServer': { rewrite: { rules: { '@useOriginalURLEncoding': 'true', rule } } } }
}

/** Writes a tree; `more` adds attributes and children to the element at a path. */
function write (name: string, tree: Tree, path: string, more: (path: string) => { attributes: readonly string[], children: readonly string[] }): string {
  const here = `${path}/${name}`
  const added = more(here)
  const entries = Object.entries(tree)
  const attributes = entries.filter(([key]) => key.startsWith('@')).map(([key, value]) => ` ${key.slice(1)}="${value as string}"`)
  const children = entries.filter(([key]) => !key.startsWith('@')).map(([key, value]) => write(key, value as Tree, here, more))
  return `<${name}${attributes.join('')}${added.attributes.map(one => ` ${one}="?"`).join('')}>\n${children.join('')}${added.children.map(one => `<${one} inside="?"/>`).join('')}</${name}>\n`
}

/** The paths of all elements and attributes of a tree, in the form of the report. */
function paths (name: string, tree: Tree, path: string): string[] {
  const here = `${path}/${name}`
  return [here, ...Object.entries(tree).flatMap(([key, value]) => key.startsWith('@') ? `${here}/${key}` : paths(key, value as Tree, here))]
}

const pathsIn = (report: Report): string[] => report.rows.map(row => row.path)

test('each element and attribute of the schema is in the report once', async t => {
  const xml = write('configuration', SCHEMA, '', () => ({ attributes: [], children: [] }))
  const { report } = readConfigText(xml, 'applicationHost.config')
  t.strictSame(pathsIn(report).sort(), paths('configuration', SCHEMA, '').sort())
  t.strictSame(report.rows.filter(row => /has no attribute|is not an element/.test(row.note ?? '')).map(row => row.path), [], 'and none of them is unknown')
  t.strictSame(report.sections, [])
})

test('every part that is not in the schema is reported, in any place', async t => {
  const places = paths('configuration', SCHEMA, '').filter(path => !path.includes('@'))
  const word = fc.stringMatching(/^[a-z][a-zA-Z]{6,12}Q$/)
  await fc.assert(fc.asyncProperty(fc.array(fc.record({ place: fc.constantFrom(...places), word, kind: fc.constantFrom('attribute', 'element') }), { minLength: 1, maxLength: 8 }), async strangers => {
    const unique = [...new Map(strangers.map(one => [`${one.place} ${one.word}`, one])).values()]
    const more = (path: string) => ({
      attributes: unique.filter(one => one.place === path && one.kind === 'attribute').map(one => one.word),
      children: unique.filter(one => one.place === path && one.kind === 'element').map(one => one.word)
    })
    const { report } = readConfigText(write('configuration', SCHEMA, '', more), 'applicationHost.config')
    for (const { place, word, kind } of unique) {
      const wanted = kind === 'attribute' ? `${place}/@${word}` : `${place}/${word}`
      const rows = report.rows.filter(row => row.path === wanted)
      const sections = report.sections.filter(section => section.path === wanted)
      if (rows.length + sections.length !== 1) throw new Error(`${wanted} is told ${rows.length + sections.length} times`)
      if (rows[0]?.status === 'used' && rows[0].note === undefined) throw new Error(`${wanted} is said to be used`)
    }
    if (new Set(pathsIn(report)).size !== report.rows.length) throw new Error('something is told twice')
  }), { numRuns: 200 })
  t.pass()
})

test('a name in the wrong case is reported with the right name', async t => {
  const { report } = readConfigText('<configuration><system.webServer><rewrite><rules><rule name="a" StopProcessing="true"><match url="x" /></rule></rules></rewrite></system.webServer></configuration>')
  t.match(report.rows.find(row => row.name === 'StopProcessing'), { status: 'unsupported', note: 'write stopProcessing' })
})

test('the report is plain data, and contains no password', async t => {
  const { report } = readConfigText(write('configuration', SCHEMA, '', () => ({ attributes: [], children: [] })), 'applicationHost.config')
  t.strictSame(JSON.parse(JSON.stringify(report)), report)
  t.notMatch(JSON.stringify(report), 'hush')
})
