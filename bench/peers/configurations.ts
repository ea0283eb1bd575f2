// Which configuration do nginx, HAProxy, Caddy and Apache get? Keep-alive to the upstream, WebSockets on, no access log.
import { filesPerProcess } from '../machine/files.ts'

/** What a configuration is made from. */
export interface Wiring {
  /** Where it listens, on the loopback. */
  readonly port: number
  /** The port of the upstream, on the loopback. */
  readonly upstream: number
  /** Its addresses: one, or the four servers of a farm. */
  readonly addresses: readonly string[]
  readonly tls: boolean
  /** Workers, or threads. */
  readonly workers: number
  /** How many cores they have. */
  readonly cores: number
  /** Whether it has several workers because one may not have enough files open. */
  readonly isSpread: boolean
  /** How many connections may wait to be accepted. */
  readonly backlog: number
  /** How many WebSockets it is to hold at least. */
  readonly count: number
  /** A folder of its own for the files that it writes. */
  readonly folder: string
  /** PEM files. */
  readonly key: string
  readonly certificate: string
  /** Both in one file, as HAProxy needs them. */
  readonly both: string
}

/**
 * nginx; with `buffers` it reads the upstream in 64 KiB instead of the default 4 KiB,
 * and holds request bodies of more than 8 KiB in memory instead of in a file. Where it is spread, the kernel shares
 * the connections out (`reuseport`): as shipped, most go to the worker that happens to be first, until its files run out.
 */
export function nginx (w: Wiring, buffers: boolean): string {
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes ${w.workers};
worker_rlimit_nofile ${Math.min(filesPerProcess(), Math.max(20_000, 2 * w.count + 5000))};
pid ${w.folder}/nginx.pid;
error_log stderr crit;
events { worker_connections ${Math.min(filesPerProcess(), Math.max(15_000, 2 * w.count + 4000))}; }
http {
  access_log off;
  client_body_temp_path ${w.folder}/body;
  proxy_temp_path ${w.folder}/proxy;
  fastcgi_temp_path ${w.folder}/fastcgi;
  uwsgi_temp_path ${w.folder}/uwsgi;
  scgi_temp_path ${w.folder}/scgi;
  ${buffers ? 'proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k; client_body_buffer_size 64k;' : ''}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream backend { ${w.addresses.length > 1 ? 'least_conn; ' : ''}${w.addresses.map(address => `server ${address}:${w.upstream};`).join(' ')} keepalive 128; }
  server {
    listen 127.0.0.1:${w.port}${w.tls ? ' ssl' : ''} backlog=${w.backlog}${w.isSpread ? ' reuseport' : ''};
    ${w.tls ? `ssl_certificate ${w.certificate}; ssl_certificate_key ${w.key};` : ''}
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_read_timeout 1h;
    }
  }
}
`
}

export function haproxy (w: Wiring): string {
  return `
global
  nbthread ${w.workers}
  maxconn ${Math.max(9000, w.count + 1000)}
defaults
  mode http
  option forwardfor
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend front
  backlog ${w.backlog}
  bind 127.0.0.1:${w.port}${w.tls ? ` ssl crt ${w.both}` : ''}
  default_backend back
backend back${w.addresses.length > 1 ? '\n  balance leastconn' : ''}
${w.addresses.map((address, index) => `  server s${index} ${address}:${w.upstream}`).join('\n')}
`
}

export function caddy (w: Wiring): string {
  return `
{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
${w.tls ? 'https' : 'http'}://:${w.port} {
  bind 127.0.0.1
  ${w.tls ? `tls ${w.certificate} ${w.key}` : ''}
  reverse_proxy ${w.addresses.map(address => `${address}:${w.upstream}`).join(' ')}
}
`
}

/** Apache with the event MPM; a WebSocket takes one of its threads. */
export function apache (w: Wiring): string {
  const modules = ['mpm_event', 'proxy', 'proxy_http', 'proxy_wstunnel', 'authz_core', ...w.tls ? ['ssl', 'socache_shmcb'] : []]
  return `
${modules.map(name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
ServerName localhost
ServerRoot ${w.folder}
DefaultRuntimeDir ${w.folder}
PidFile ${w.folder}/apache.pid
ErrorLog ${w.folder}/error.log
LogLevel crit
${process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : ''}
Listen 127.0.0.1:${w.port}
ListenBacklog ${w.backlog}
StartServers 1
ServerLimit 1
ThreadLimit 256
ThreadsPerChild 256
MaxRequestWorkers 256
MinSpareThreads 1
MaxSpareThreads 256
MaxKeepAliveRequests 0
${w.tls ? `SSLEngine on\nSSLCertificateFile ${w.certificate}\nSSLCertificateKeyFile ${w.key}` : ''}
ProxyTimeout 3600
ProxyPass / http://127.0.0.1:${w.upstream}/ upgrade=websocket
`
}
