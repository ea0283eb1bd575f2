// Did the upstream refuse because of Origin, Host or credentials, and were they changed on the way?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import { hostIn } from '../story/heads.ts'
import type { Story } from '../story/story.ts'

const PRESERVE = "Let the upstream see the client's host: `hostHeader: 'preserve'` of upstream-proxy (preserveHostHeader in IIS)."

export function originFindings ({ request, sent, answer, handshake }: Story): Finding[] {
  if (request === null || answer === null || answer.status === null) return []
  const { status } = answer
  const evidence = [request.index, sent?.index, answer.index]
  const host = hostIn(request)
  const sentHost = sent === null ? host : hostIn(sent)
  const hostChanged = sent !== null && host !== sentHost
  const origin = request.headers.get('origin')
  const sentOrigin = sent === null ? origin : sent.headers.get('origin')
  const saw = `it was sent Origin ${sentOrigin ?? 'none'} and Host ${sentHost ?? 'none'}`
  if (handshake && status === 403 && origin !== null) {
    const changes = [...hostChanged ? [`Host ${host ?? 'none'}`] : [], ...origin !== sentOrigin ? [`Origin ${origin}`] : []]
    const how = changes.length > 0 ? `, and the client had sent ${changes.join(' and ')}` : ', both as the client sent them'
    const allow = `${hostChanged ? 'Or allow' : 'Allow'} the origin ${origin} in the application (\`AllowedOrigins\` of ASP.NET Core, \`setAllowedOrigins\` of Spring, \`allowed_request_origins\` of Rails, \`cors.origin\` of socket.io).`
    return [found('ORIGIN_REFUSED', evidence, `The upstream refused the handshake with 403: ${saw}${how}.`, hostChanged ? `${PRESERVE} ${allow}` : allow)]
  }
  if ((status === 400 || status === 421) && hostChanged) {
    return [found('HOST_REFUSED', evidence, `The upstream refused with ${status}: it was sent Host ${sentHost ?? 'none'}, and the client had asked for ${host ?? 'none'}.`, `${PRESERVE} Or tell the application that name: \`AllowedHosts\` of ASP.NET Core, \`ALLOWED_HOSTS\` of Django, \`server_name\` of nginx, a binding of IIS.`)]
  }
  if (status === 401 || status === 407 || status === 403) {
    const lost = ['authorization', 'cookie', 'proxy-authorization'].filter(name => request.headers.get(name) !== null && sent !== null && sent.headers.get(name) === null)
    const names = lost.map(name => name.replace(/(^|-)[a-z]/g, letter => letter.toUpperCase()))
    if (names.length > 0 && !(status === 401 && lost.every(name => name === 'proxy-authorization'))) {
      return [found('CREDENTIALS_NOT_SENT', evidence, `The upstream refused with ${status}; the client had sent ${names.join(' and ')}, which did not reach it.`, `Take away the rule or hook that removes ${names.join(' and ')} (in a rule, a server variable HTTP_${(lost[0] as string).toUpperCase().replaceAll('-', '_')} with an empty value).`)]
    }
  }
  if (status === 401 || status === 407) {
    const challenge = answer.headers.get(status === 401 ? 'www-authenticate' : 'proxy-authenticate')
    const had = request.headers.get('authorization') !== null ? 'Authorization' : request.headers.get('cookie') !== null ? 'Cookie' : null
    return [found('AUTHENTICATION_REQUIRED', evidence, `The upstream answered ${status}${challenge === null ? '' : ` (${challenge})`}; the request had ${had === null ? 'neither Authorization nor Cookie' : had}.`, had === null && handshake
      ? "A browser's WebSocket cannot set headers: let a cookie carry the session (SameSite and domain must fit), or put a token into the query or the sub-protocol."
      : 'The credentials are expired or for another place: look at the upstream\'s own log. Negotiate and NTLM need one connection for all their requests, which a proxy does not give.')]
  }
  return []
}
