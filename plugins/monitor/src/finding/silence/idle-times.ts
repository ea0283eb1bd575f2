// Whose idle time-out is it? Defaults of what stands between a client and an application, each with its source.
//
// request-trace has such a table for a single WebSocket; here are more, because five that agree are better evidence than one.

/** A time limit of something on the way. */
export interface IdleTime {
  readonly seconds: number
  readonly who: string
  /** What to set. */
  readonly setting: string
  /** `often`: a report or a habit, and no promise of its maker. */
  readonly sure: 'default' | 'often'
}

const limit = (seconds: number, who: string, setting: string, sure: IdleTime['sure'] = 'default'): IdleTime => ({ seconds, who, setting, sure })

/** By their seconds; several may have the same. */
export const IDLE_TIMES: readonly IdleTime[] = [
  // oc explain ingresscontroller.spec.tuningOptions
  limit(30, "HAProxy in OpenShift's router", '`clientTimeout` and `tunnelTimeout` of the IngressController'),
  // Jetty, WebSocketConstants.DEFAULT_IDLE_TIMEOUT and HttpConfiguration; github.com/danneu/kog/issues/21
  limit(30, 'Jetty', '`idleTimeout` of the connector and of the WebSocket container', 'often'),
  // /etc/haproxy/haproxy.cfg of Debian's package
  limit(50, "HAProxy as Debian's package sets it up", '`timeout tunnel 1h`; without it `timeout client` and `timeout server` hold'),
  // help.heroku.com/BZGH6WMY: "some data is passing through at least every 55 seconds in a rolling window"
  limit(55, "Heroku's router (H15)", 'fixed: send or ping at least every 55 s'),
  // nginx.org/en/docs/http/websocket.html
  limit(60, 'nginx', '`proxy_read_timeout 1h;` and `proxy_send_timeout 1h;`'),
  // docs.aws.amazon.com/elasticloadbalancing/latest/classic/config-idle-timeout.html, and …/application/edit-load-balancer-attributes.html
  limit(60, 'a load balancer of AWS (ALB, Classic)', '`idle_timeout.timeout_seconds` of the load balancer, up to 4000'),
  // docs.oracle.com/iaas, Load Balancer Timeout Connection Settings: listeners for HTTP
  limit(60, 'a load balancer of Oracle Cloud (HTTP)', 'the idle timeout of the listener', 'often'),
  // community.fly.io/t/60-second-timeout-for-http-server/1243
  limit(60, "Fly.io's proxy", 'fixed: ping more often', 'often'),
  // learn.microsoft.com/aspnet/core/fundamentals/servers/yarp/timeouts
  limit(100, 'YARP', '`HttpRequest.ActivityTimeout` of the cluster'),
  // community.cloudflare.com/t/cloudflare-websocket-timeout/5865: "100 seconds is the standard", only Enterprise may change it
  limit(100, 'Cloudflare', 'fixed in most plans: ping more often', 'often'),
  // learn.microsoft.com/iis/configuration/system.applicationHost/sites/site/limits
  limit(120, 'IIS', "`connectionTimeout` of the site's limits"),
  // arr_schema.xml: timeout 00:02:00
  limit(120, 'ARR', '`timeout` of system.webServer/proxy'),
  // learn.microsoft.com/azure/azure-functions/functions-scale-timeout: 230 seconds, of Azure Load Balancer
  limit(230, 'Azure App Service', 'fixed: ping more often'),
  // learn.microsoft.com/azure/load-balancer/load-balancer-tcp-idle-timeout: 4 minutes; it resets only with TCP Reset, else it drops in silence
  limit(240, 'Azure Load Balancer', '`idleTimeoutInMinutes` of the rule, up to 100'),
  // envoyproxy.io/docs, How do I configure timeouts: stream_idle_timeout
  limit(300, 'Envoy and what is built on it (Istio, Contour)', '`stream_idle_timeout` of the HTTP connection manager'),
  // learn.microsoft.com/azure/frontdoor/standard-premium/websocket: "idle timeout is 5 minutes"
  limit(300, 'Azure Front Door', 'fixed: ping more often'),
  // docs.oracle.com/iaas, Load Balancer Timeout Connection Settings: listeners for TCP
  limit(300, 'a load balancer of Oracle Cloud (TCP)', 'the idle timeout of the listener', 'often'),
  // docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html: 350 seconds
  limit(350, 'an AWS Network Load Balancer', '`tcp.idle_timeout.seconds` of the listener, up to 6000; of a TLS listener fixed'),
  // docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html: 350 seconds
  limit(350, 'an AWS NAT gateway', 'fixed: ping more often'),
  // docs.aws.amazon.com/apigateway, quotas of WebSocket APIs
  limit(600, 'AWS API Gateway', 'fixed: send at least every 10 minutes'),
  // cloud.google.com/compute/docs/troubleshooting/general-tips: idle connections are forgotten after 10 minutes
  limit(600, "Google Cloud's firewall", 'fixed: ping more often, or TCP keep-alive'),
  // developers.cloudflare.com/fundamentals/reference/connection-limits: Proxy Idle Timeout 900
  limit(900, 'Cloudflare, toward its origin', 'fixed: ping more often', 'often'),
  // A habit of firewalls and NAT boxes for TCP connections that are open
  limit(900, 'a firewall or NAT box', 'its idle time-out for TCP', 'often'),
  limit(1800, 'a firewall or NAT box', 'its idle time-out for TCP', 'often'),
  // envoyproxy.io/docs, TCP proxy: idle_timeout, 1 hour; Cisco ASA, `timeout conn 1:00:00`
  limit(3600, "Envoy's TCP proxy", '`idle_timeout` of the TCP proxy'),
  limit(3600, 'a firewall such as Cisco ASA', '`timeout conn`', 'often'),
  limit(3600, 'HAProxy or nginx with the time-out that their guides give for WebSockets', '`timeout tunnel`, `proxy_read_timeout`', 'often')
]

/** The limits that this time fits: a cut comes at the limit or a little later, never before it. */
export function limitsAt (ms: number): IdleTime[] {
  return IDLE_TIMES.filter(({ seconds }) => ms >= seconds * 1_000 - 500 && ms <= seconds * 1_000 + Math.max(1_500, seconds * 10))
}
