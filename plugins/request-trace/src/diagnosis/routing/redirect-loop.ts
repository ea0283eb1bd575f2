// Does the answer send the client back to where it comes from?
import type { Finding } from '../../trace/trace.ts'
import { found } from '../findings.ts'
import type { Story } from '../story/story.ts'

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

export function redirectFindings ({ request, delivered, answer, trace }: Story): Finding[] {
  const head = delivered ?? answer
  const status = trace.status ?? head?.status ?? null
  if (head === null || status === null || status < 300 || status > 399) return []
  const location = head.headers.get('location')
  const asked = parsed(trace.url, undefined)
  const target = location === null ? null : parsed(location, asked?.href)
  if (asked === null || target === null) return []
  if (same(asked, target)) {
    return [found('REDIRECT_LOOP', [request?.index, answer?.index, head.index], `The answer ${status} redirects to ${location ?? ''}, which is the URL that was asked for.`, answer === null
      ? 'A rule matches what it redirects to: add a condition, such as {HTTPS} ^OFF$ for a redirect to https.'
      : 'The application does not see what the client asked for. Let it read X-Forwarded-Proto and X-Forwarded-Host (`UseForwardedHeaders` of ASP.NET Core, `trust proxy` of Express, `SECURE_PROXY_SSL_HEADER` of Django), or give it the client\'s host: `hostHeader: \'preserve\'`.')]
  }
  // TLS ended in front: the client asked for https, which is where it is sent again.
  const proto = request?.headers.get('x-forwarded-proto')?.split(',')[0]?.trim().toLowerCase()
  if (proto === 'https' && target.protocol === 'https:' && asked.protocol === 'http:' && target.hostname === asked.hostname && target.pathname === asked.pathname && target.search === asked.search) {
    return [found('REDIRECT_LOOP', [request?.index, answer?.index, head.index], `The answer ${status} redirects to ${location ?? ''}; the client has https already, which ends in front of this proxy (X-Forwarded-Proto: https).`, 'Let the rule look at {HTTP_X_FORWARDED_PROTO} instead of {HTTPS}, and the application at X-Forwarded-Proto; upstream-proxy passes it on where `trustProxy` of Fastify trusts who sent it.')]
  }
  return []
}

function parsed (url: string, base: string | undefined): URL | null {
  try {
    return new URL(url.replace(/^ws/i, 'http'), base)
  } catch {
    return null
  }
}

function same (one: URL, other: URL): boolean {
  const port = (url: URL): string => url.port === '' ? DEFAULT_PORTS[url.protocol] ?? '' : url.port
  return one.protocol === other.protocol && one.hostname === other.hostname && port(one) === port(other) && one.pathname === other.pathname && one.search === other.search
}
