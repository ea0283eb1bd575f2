// Whose idle time-out is it? Defaults of what stands between a client and an application, each with its source.

/** A time limit of something on the way. */
export interface IdleTime {
  readonly seconds: number
  readonly who: string
  /** What to set. */
  readonly setting: string
  readonly source: string
}

/** Limits of silence; several may have the same number of seconds. */
export const IDLE_TIMES: readonly IdleTime[] = [
  { seconds: 30, who: "HAProxy in OpenShift's router", setting: '`clientTimeout` and `tunnelTimeout` of the IngressController', source: 'oc explain ingresscontroller.spec.tuningOptions' },
  { seconds: 50, who: "HAProxy as Debian's package sets it up", setting: '`timeout tunnel 1h`; without it `timeout client` and `timeout server` hold', source: '/etc/haproxy/haproxy.cfg of the package' },
  { seconds: 55, who: "Heroku's router (H15)", setting: 'fixed: send or ping at least every 55 s', source: 'help.heroku.com/BZGH6WMY' },
  { seconds: 60, who: 'nginx', setting: '`proxy_read_timeout 1h;` and `proxy_send_timeout 1h;`', source: 'nginx.org/en/docs/http/websocket.html' },
  { seconds: 60, who: 'a load balancer of AWS (ALB, Classic)', setting: '`idle_timeout.timeout_seconds` of the load balancer, up to 4000', source: 'docs.aws.amazon.com/elasticloadbalancing' },
  { seconds: 100, who: 'YARP', setting: '`HttpRequest.ActivityTimeout` of the cluster', source: 'learn.microsoft.com/aspnet/core/fundamentals/servers/yarp/timeouts' },
  { seconds: 100, who: 'Cloudflare', setting: 'fixed in most plans: ping more often', source: 'websocket.org/guides/infrastructure/cloudflare' },
  { seconds: 120, who: 'IIS', setting: '`connectionTimeout` of the site\'s limits', source: 'learn.microsoft.com/iis/configuration/system.applicationHost/sites/site/limits' },
  { seconds: 120, who: 'ARR', setting: '`timeout` of system.webServer/proxy', source: 'arr_schema.xml: timeout 00:02:00' },
  { seconds: 230, who: 'Azure App Service', setting: 'fixed: ping more often', source: 'learn.microsoft.com/azure/azure-functions, time-out of HTTP: 230 seconds' },
  { seconds: 240, who: 'Azure Load Balancer', setting: '`idleTimeoutInMinutes` of the rule, up to 100', source: 'learn.microsoft.com/azure/load-balancer/load-balancer-tcp-idle-timeout' },
  { seconds: 300, who: 'Envoy and what is built on it (Istio, Contour)', setting: '`stream_idle_timeout` of the HTTP connection manager', source: 'envoyproxy.io/docs, How do I configure timeouts' },
  { seconds: 350, who: 'an AWS Network Load Balancer', setting: '`tcp.idle_timeout.seconds` of the listener', source: 'docs.aws.amazon.com/elasticloadbalancing/latest/network' },
  { seconds: 600, who: 'AWS API Gateway', setting: 'fixed: send at least every 10 minutes', source: 'docs.aws.amazon.com/apigateway, quotas of WebSocket APIs' }
]

/** Limits of the whole life of a WebSocket, whether anything passes or not. */
export const LIFE_TIMES: readonly IdleTime[] = [
  { seconds: 30, who: 'an Application Load Balancer of Google Cloud', setting: '`timeoutSec` of the backend service', source: 'cloud.google.com/load-balancing, backend service timeout' },
  { seconds: 7_200, who: 'AWS API Gateway', setting: 'fixed: connect again', source: 'docs.aws.amazon.com/apigateway, quotas of WebSocket APIs' }
]

/** The limits that this time fits: a cut comes at the limit or a little later, never before it. */
export function limitsAt (times: readonly IdleTime[], ms: number): IdleTime[] {
  return times.filter(({ seconds }) => ms >= seconds * 1_000 - 500 && ms <= seconds * 1_000 + Math.max(1_500, seconds * 10))
}
