// The server variables of IIS (docs: web-dev-reference/server-variables; URL Rewrite reference.)

const KNOWN = new Set([
  'ALL_HTTP', 'ALL_RAW', 'APP_POOL_CONFIG', 'APP_POOL_ID', 'APP_WARMING_UP', 'APPL_MD_PATH', 'APPL_PHYSICAL_PATH', 'AUTH_PASSWORD', 'AUTH_TYPE', 'AUTH_USER',
  'CACHE_URL', 'CERT_COOKIE', 'CERT_FLAGS', 'CERT_ISSUER', 'CERT_KEYSIZE', 'CERT_SECRETKEYSIZE', 'CERT_SERIALNUMBER', 'CERT_SERVER_ISSUER',
  'CERT_SERVER_SUBJECT', 'CERT_SUBJECT', 'CONTENT_LENGTH', 'CONTENT_TYPE', 'CRYPT_CIPHER_ALG_ID', 'CRYPT_HASH_ALG_ID', 'CRYPT_KEYEXCHANGE_ALG_ID',
  'CRYPT_PROTOCOL', 'DOCUMENT_ROOT', 'FORWARDED_URL', 'GATEWAY_INTERFACE', 'HTTPS', 'HTTPS_KEYSIZE', 'HTTPS_SECRETKEYSIZE', 'HTTPS_SERVER_ISSUER',
  'HTTPS_SERVER_SUBJECT', 'INSTANCE_ID', 'INSTANCE_META_PATH', 'INSTANCE_NAME', 'LOCAL_ADDR', 'LOGON_USER', 'MANAGED_PIPELINE_MODE', 'PATH_INFO',
  'PATH_TRANSLATED', 'QUERY_STRING', 'REMOTE_ADDR', 'REMOTE_HOST', 'REMOTE_PORT', 'REMOTE_USER', 'REQUEST_FILENAME', 'REQUEST_FLAGS', 'REQUEST_METHOD',
  'REQUEST_URI', 'RESPONSE_STATUS', 'SCRIPT_FILENAME', 'SCRIPT_NAME', 'SCRIPT_TRANSLATED', 'SERVER_ADDR', 'SERVER_NAME', 'SERVER_PORT',
  'SERVER_PORT_SECURE', 'SERVER_PROTOCOL', 'SERVER_SOFTWARE', 'SSI_EXEC_DISABLED', 'UNENCODED_URL', 'UNMAPPED_REMOTE_USER', 'URL', 'URL_PATH_INFO',
  'WARMUP_REQUEST', 'IIS_WASURLREWRITTEN', 'ARR_CACHE_CONTROL_OVERRIDE'
])

/** Variables that IIS or ARR reads when a rule sets them, and nothing here does. */
export const WITHOUT_EFFECT: Readonly<Record<string, readonly [why: string, advice: string]>> = {
  ARR_CACHE_CONTROL_OVERRIDE: ['there is no response cache here, so nothing is kept longer or shorter', 'let the backend send Cache-Control, or set it with an outbound rule on RESPONSE_Cache_Control']
}

/** Names of Apache and nginx, with the equivalent of IIS. */
export const FOREIGN: Readonly<Record<string, string>> = {
  REQUEST_SCHEME: '{HTTPS}, which is on or off; {CACHE_URL} begins with the scheme',
  SCHEME: '{HTTPS}, which is on or off; {CACHE_URL} begins with the scheme',
  THE_REQUEST: '{REQUEST_METHOD} and {UNENCODED_URL}',
  IS_SUBREQ: 'nothing of the kind',
  HTTP2: '{SERVER_PROTOCOL}',
  SERVER_ADMIN: 'nothing of the kind',
  REQUEST_PATH: '{URL}',
  HOST: '{HTTP_HOST}',
  HTTP_HOSTNAME: '{HTTP_HOST}',
  PROXY_ADD_X_FORWARDED_FOR: '{REMOTE_ADDR}; X-Forwarded-For is set by the proxy itself'
}

/** Whether IIS knows a variable: it is in its list, or stands for a header. */
export function isServerVariable (name: string): boolean {
  const upper = name.toUpperCase()
  return !Object.hasOwn(FOREIGN, upper) && (KNOWN.has(upper) || upper.startsWith('HTTP_') || upper.startsWith('RESPONSE_'))
}

/** Whether a name is valid for a variable. A variable that stands for a header needs a name for the header. */
export function isVariableName (name: string): boolean {
  return /^(?!(?:HTTP|RESPONSE)_$)[\w.-]+$/i.test(name)
}
