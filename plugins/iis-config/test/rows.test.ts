// What an administrator is told about single parts: farms, server variables, patterns, headers, bindings, limits.
import { test } from 'tap'
import { isIisConfigError, readConfigText, type IisConfig, type Row } from '../src/index.ts'

const server = (inside: string): IisConfig => readConfigText(`<configuration>${inside}</configuration>`, 'applicationHost.config')
const rewrite = (inside: string): IisConfig => readConfigText(`<configuration><system.webServer><rewrite>${inside}</rewrite></system.webServer></configuration>`)
const row = ({ report }: IisConfig, path: string): Row | undefined => report.rows.find(one => one.path.endsWith(path))

test('the providers of host-name affinity, which ARR installs, are known', async t => {
  const config = server('<webFarms><applicationRequestRouting><hostAffinityProviderList><add name="Microsoft.Web.Arr.HostNameRoundRobin" /><add name="Microsoft.Web.Arr.HostNameMemory" /></hostAffinityProviderList></applicationRequestRouting></webFarms>')
  t.same(config.report.rows.filter(({ status }) => status !== 'used'), [])
})

test('no advice repeats what is written, and what is inside an unknown element is told with it', async t => {
  const config = server('<webFarms><webFarm name="f"><server address="a" /></webFarm><made.up><add name="x" /></made.up></webFarms>')
  const notes = config.report.rows.filter(({ path }) => path.includes('made.up')).map(({ note }) => note)
  t.equal(notes.length, 3)
  t.notMatch(notes.join(), 'case-sensitive')
  t.match(row(config, 'made.up/add/@name'), { note: row(config, 'made.up/add')?.note })
  t.match(row(rewrite('<rules><rule name="a" Enabled="true"><match url="x" /></rule></rules>'), '@Enabled'), { note: 'write enabled' })
})

test('a farm whose servers are all disabled loads, and answers 502.4; an empty one does as well', async t => {
  for (const servers of ['<server address="a" enabled="false" /><server address="b" enabled="false" />', '']) {
    const { options, report } = server(`<webFarms><webFarm name="f">${servers}</webFarm><webFarm name="g"><server address="c" /></webFarm></webFarms>
      <system.webServer><rewrite><globalRules>
        <rule name="f"><match url="f" /><action type="Rewrite" url="http://f/{R:0}" /></rule>
        <rule name="g"><match url="g" /><action type="Rewrite" url="http://g/{R:0}" /></rule>
      </globalRules></rewrite></system.webServer>`)
    t.match(options.urlRewrite?.globalRules?.map(({ action }) => action), [{ type: 'CustomResponse', statusCode: 502, subStatusCode: 4 }, { type: 'Rewrite', url: 'http://g/{R:0}' }])
    t.same(options.serverFarm?.farms.map(({ name }) => name), ['g'])
    t.match(report.rows.find(({ key }) => key === 'name="f"'), { status: 'difference', note: '502.4' })
  }
})

test('settings of the Web Farm Framework are told as such, and settings of ARR in the wrong place are not', async t => {
  const config = server('<webFarms><webFarm name="f" primaryServer="a"><server address="a" readyForLoadBalancing="true" port="8080" /><applicationProvision sync="true" /></webFarm></webFarms>')
  for (const path of ['webFarm/@primaryServer', 'server/@readyForLoadBalancing', 'applicationProvision', 'applicationProvision/@sync']) t.match(row(config, path), { status: 'difference', note: 'Web Farm Framework' }, path)
  t.match(row(config, 'server/@port'), { status: 'unsupported', note: '500.19' })
  t.match(config.report.mistakes, [{ code: 'misplaced' }])
})

test('a rule that steers the cache is told as lost: there is no cache', async t => {
  const config = rewrite('<rules><rule name="a"><match url="x" /><serverVariables><set name="ARR_CACHE_CONTROL_OVERRIDE" value="0,max-age=3600" /></serverVariables></rule></rules>')
  t.match(row(config, 'serverVariables/set'), { status: 'unsupported', note: 'there is no response cache', advice: 'Cache-Control' })
})

test('variables that only IIS has are no mistakes', async t => {
  for (const name of ['APP_WARMING_UP', 'APP_POOL_CONFIG', 'REQUEST_FLAGS', 'IIS_WasUrlRewritten']) {
    t.same(rewrite(`<rules><rule name="a"><match url="^x" /><conditions><add input="{${name}}" pattern="1" /></conditions></rule></rules>`).report.mistakes, [], name)
  }
})

test('a pattern that counts further than the engine does leaves its rule out, with what to write', async t => {
  const config = rewrite('<rules><rule name="a"><match url="([a-z0-9]{2000,})" /><action type="Rewrite" url="/x" /></rule><rule name="b"><match url="y" /></rule></rules>')
  t.match(row(config, 'rule[1]'), { status: 'unsupported', note: 'its pattern counts to 2000, and url-rewrite counts to 1000 at most: write {1000,}' })
  t.same(config.options.urlRewrite?.rules?.map(({ name }) => name), ['b'])
})

test('such a pattern in a rule that refuses requests is a problem: without the rule they would be let through', async t => {
  for (const action of ['type="AbortRequest"', 'type="CustomResponse" statusCode="403"']) {
    for (const match of ['<match url="([a-z0-9]{2000,})" />', '<match url="x" /><conditions><add input="{URL}" pattern="(a+)\\1" /></conditions>']) {
      try {
        rewrite(`<rules><rule name="a">${match}<action ${action} /></rule></rules>`)
        t.fail(match)
      } catch (error) {
        t.ok(isIisConfigError(error) && error.code === 'FST_ARR_IIS_CONFIG_INVALID_VALUE', match)
      }
    }
  }
  t.ok(rewrite('<rules><rule name="a"><match url="x" /><conditions><add input="{URL}" pattern="(a+)\\1" /></conditions><action type="Redirect" url="/y" /></rule></rules>'))
})

test('a rule without <match> is left out and told, and the file loads', async t => {
  const config = rewrite('<rules><rule name="a"><action type="Rewrite" url="http://b/" /></rule><rule name="b"><match url="y" /></rule></rules><outboundRules><rule name="c"><action type="Rewrite" value="x" /></rule></outboundRules>')
  t.match(row(config, 'rules/rule[1]'), { status: 'unsupported', note: 'it has no <match>' })
  t.match(row(config, 'outboundRules/rule'), { status: 'unsupported', note: 'it has no <match>' })
  t.same(config.options.urlRewrite?.rules?.map(({ name }) => name), ['b'])
  t.same(config.options.urlRewrite?.outboundRules?.rules, [])
})

test('a header that frames a message is told where a rule or a custom header would set it', async t => {
  const config = readConfigText(`<configuration><system.webServer>
    <rewrite>
      <rules><rule name="in"><match url="x" /><serverVariables><set name="HTTP_CONTENT_LENGTH" value="0" /><set name="HTTP_CONNECTION" value="Upgrade" /></serverVariables></rule></rules>
      <outboundRules>
        <rule name="length"><match serverVariable="RESPONSE_Content_Length" pattern=".+" /><action type="Rewrite" value="0" /></rule>
        <rule name="type"><match serverVariable="RESPONSE_Content_Type" pattern=".+" /><action type="Rewrite" value="x/y" /></rule>
      </outboundRules>
    </rewrite>
    <httpProtocol><customHeaders><add name="Transfer-Encoding" value="chunked" /><add name="X-A" value="1" /></customHeaders></httpProtocol>
  </system.webServer></configuration>`)
  for (const path of ['set[1]', 'set[2]', 'outboundRules/rule[1]', 'customHeaders/add[1]']) t.match(row(config, path), { status: 'unsupported', note: 'frames the message or belongs to the connection' }, path)
  t.same(config.options.urlRewrite?.outboundRules?.rules.map(({ name }) => name), ['type', 'customHeaders X-A'])
})

test('a row of an element has the attribute that tells it from others of its name', async t => {
  const config = readConfigText('<configuration><system.webServer><httpProtocol><customHeaders><add name="X-Frame-Options" value="DENY" /></customHeaders></httpProtocol></system.webServer></configuration>')
  t.match(row(config, 'customHeaders/add'), { name: 'add', key: 'name="X-Frame-Options"' })
})

test('bindings of other protocols and limits of a site are told as what they are', async t => {
  const config = server(`<system.applicationHost><sites><site name="s" id="1"><bindings>
    <binding protocol="http" bindingInformation="*:80:" /><binding protocol="net.tcp" bindingInformation="808:*" /><binding protocol="net.pipe" bindingInformation="*" />
    <binding protocol="net.msmq" bindingInformation="localhost" /><binding protocol="msmq.formatname" bindingInformation="localhost" /><binding protocol="ftp" bindingInformation="*:21:" /><binding protocol="constructor" bindingInformation="*" />
  </bindings><limits connectionTimeout="00:05:00" maxConnections="100" maxBandwidth="2000" maxUrlSegments="8" /></site></sites></system.applicationHost>`)
  t.match(row(config, 'binding[2]'), { status: 'unsupported', note: 'WCF over TCP' })
  t.match(row(config, 'binding[3]'), { note: 'named pipe' })
  for (const at of [4, 5]) t.match(row(config, `binding[${at}]`), { note: /message/ })
  t.match(row(config, 'binding[6]'), { note: 'FTP server' })
  t.match(row(config, 'binding[7]'), { note: 'bindings of constructor are not supported' })
  t.match(row(config, 'limits/@connectionTimeout'), { note: 'sends nothing', advice: 'keepAliveTimeout' })
  t.match(row(config, 'limits/@maxConnections'), { note: 'above this number', advice: 'limits.connections' })
  t.match(row(config, 'limits/@maxBandwidth'), { note: 'bytes a second' })
  t.match(row(config, 'limits/@maxUrlSegments'), { note: 'refuses URLs of more segments (400)', advice: 'CustomResponse' })
})

test('the certificate of a binding is named by its hash and store, with the command that exports it', async t => {
  const config = server('<system.applicationHost><sites><site name="s" id="1"><bindings><binding protocol="https" bindingInformation="*:443:www.example.com" sslFlags="1" certificateHash="a1b2c3" certificateStoreName="WebHosting" /></bindings></site></sites></system.applicationHost>')
  t.match(row(config, 'binding'), {
    status: 'difference',
    advice: /Export-PfxCertificate -Cert Cert:\\LocalMachine\\WebHosting\\A1B2C3 -FilePath www\.example\.com\.pfx .*--certificate www\.example\.com=www\.example\.com\.pfx/
  })
  t.match(row(config, '@certificateHash'), { status: 'used', value: 'a1b2c3' })
})

test('a redirect to https loops where a balancer ends TLS, and is told unless the file has an https binding', async t => {
  const rule = (condition: string): string => `<system.webServer><rewrite><rules><rule name="a"><match url="(.*)" /><conditions>${condition}</conditions><action type="Redirect" url="https://{HTTP_HOST}/{R:1}" /></rule></rules></rewrite></system.webServer>`
  const codes = ({ report }: IisConfig): string[] => report.mistakes.map(({ code }) => code)
  for (const condition of ['<add input="{HTTPS}" pattern="^OFF$" />', '<add input="{HTTPS}" pattern="on" negate="true" />', '<add input="{SERVER_PORT}" pattern="^80$" />', '<add input="{SERVER_PORT_SECURE}" pattern="^0$" />', '<add input="{CACHE_URL}" pattern="^http://" />']) {
    t.same(codes(readConfigText(`<configuration>${rule(condition)}</configuration>`)), ['offloaded-tls'], condition)
  }
  for (const condition of ['<add input="{HTTP_X_FORWARDED_PROTO}" pattern="^http$" />', '<add input="{HTTPS}" pattern="^on$" />']) t.same(codes(readConfigText(`<configuration>${rule(condition)}</configuration>`)), [], condition)
  const sites = (protocol: string): string => `<system.applicationHost><sites><site name="s" id="1"><bindings><binding protocol="${protocol}" bindingInformation="*:443:" /></bindings></site></sites></system.applicationHost>`
  t.same(codes(server(sites('https') + rule('<add input="{HTTPS}" pattern="off" />'))), [])
  t.same(codes(server(sites('http') + rule('<add input="{HTTPS}" pattern="off" />'))), ['offloaded-tls'])
})
