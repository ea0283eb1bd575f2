// Which events are there? IIS's own names, numbers and levels, as its real traces have them, and events of ours under a provider of ours.

/** IIS's provider, and ours. */
export const PROVIDERS = {
  iis: { name: 'WWW Server', guid: '{3A2A4E84-4C21-4981-AE10-3FDA0D9B0F83}' },
  ours: { name: 'fastify-arr', guid: '{7B1E2C54-96D3-4F0A-8C21-5D0F9A3E6B17}' }
} as const

/** IIS's areas, each with its bit in `Keywords`; `WebSocket` is ours. */
export const AREAS = { General: 0, RequestNotifications: 0x100, Rewrite: 0x400, RequestRouting: 0x800, WebSocket: 0x10000 } as const
export type Area = keyof typeof AREAS

/** IIS's verbosity. */
export const LEVELS = { General: 0, CriticalError: 1, Error: 2, Warning: 3, Information: 4, Verbose: 5 } as const
export type Level = keyof typeof LEVELS

/** The families of events, by IIS's GUIDs; `Proxy` is ours, since the GUIDs of ARR's events are in no public trace. */
export const FAMILIES = {
  General: '{D42CF7EF-DE92-473E-8B6C-621EA663113A}',
  RequestNotifications: '{002E91E3-E7AE-44AB-8E07-99230FFA6ADE}',
  Rewrite: '{0469ABFA-1BB2-466A-B645-E3E15A02F38B}',
  Proxy: '{5C9C1D0E-2A3B-4B6D-9E57-8A44D1F2C3B5}'
} as const

interface EventShape {
  readonly opcode: number
  readonly level: Level
  readonly area: Area
  readonly family: keyof typeof FAMILIES
  readonly provider: keyof typeof PROVIDERS
  /** The names of its values, in order, after IIS's `ContextId`. */
  readonly data: readonly string[]
}

const iis = (opcode: number, level: Level, area: Area, family: keyof typeof FAMILIES, ...data: string[]): EventShape => ({ opcode, level, area, family, provider: 'iis', data })
const ours = (opcode: number, level: Level, area: Area, ...data: string[]): EventShape => ({ opcode, level, area, family: 'Proxy', provider: 'ours', data })

/** Every event, by the name of its opcode. */
export const EVENTS = {
  // IIS's own.
  GENERAL_REQUEST_START: iis(1, 'General', 'General', 'General', 'SiteId', 'AppPoolId', 'ConnId', 'RawConnId', 'RequestURL', 'RequestVerb'),
  GENERAL_ENDPOINT_INFORMATION: iis(55, 'Information', 'General', 'General', 'RemoteAddress', 'RemotePort', 'LocalAddress', 'LocalPort'),
  GENERAL_REQUEST_HEADERS: iis(50, 'Information', 'General', 'General', 'Headers'),
  MODULE_SET_RESPONSE_ERROR_STATUS: iis(16, 'Warning', 'RequestNotifications', 'RequestNotifications', 'ModuleName', 'Notification', 'HttpStatus', 'HttpReason', 'HttpSubStatus', 'ErrorCode', 'ConfigExceptionInfo'),
  URL_REWRITE_START: iis(1, 'Information', 'Rewrite', 'Rewrite', 'RequestURL', 'Scope', 'Type'),
  RULE_EVALUATION_START: iis(3, 'Verbose', 'Rewrite', 'Rewrite', 'RuleName', 'RequestURL', 'QueryString', 'PatternSyntax', 'StopProcessing', 'RelativePath'),
  PATTERN_MATCH: iis(10, 'Verbose', 'Rewrite', 'Rewrite', 'Pattern', 'Input', 'Negate', 'Matched'),
  CONDITIONS_EVALUATION_START: iis(5, 'Verbose', 'Rewrite', 'Rewrite', 'LogicalGrouping'),
  CONDITION_EVALUATION: iis(11, 'Verbose', 'Rewrite', 'Rewrite', 'Input', 'ExpandedInput', 'MatchType', 'Pattern', 'Negate', 'Succeeded'),
  CONDITIONS_EVALUATION_END: iis(6, 'Verbose', 'Rewrite', 'Rewrite', 'Succeeded'),
  /** IIS's name; the number is ours, since no public trace has one. */
  REWRITE_ACTION: iis(12, 'Information', 'Rewrite', 'Rewrite', 'Substitution', 'RequestURL', 'QueryString', 'Captures'),
  GENERAL_SET_REQUEST_HEADER: iis(53, 'Verbose', 'General', 'General', 'HeaderName', 'HeaderValue', 'Replace'),
  RULE_EVALUATION_END: iis(4, 'Verbose', 'Rewrite', 'Rewrite', 'RuleName', 'RequestURL', 'QueryString', 'StopProcessing', 'Succeeded'),
  URL_REWRITE_END: iis(2, 'Information', 'Rewrite', 'Rewrite', 'RequestURL'),
  GENERAL_RESPONSE_HEADERS: iis(47, 'Information', 'General', 'General', 'Headers'),
  GENERAL_FLUSH_RESPONSE_END: iis(36, 'Information', 'General', 'General', 'BytesSent', 'ErrorCode'),
  GENERAL_REQUEST_END: iis(2, 'General', 'General', 'General', 'BytesSent', 'BytesReceived', 'HttpStatus', 'HttpSubStatus'),
  LOG_FILE_MAX_SIZE_TRUNCATE: iis(58, 'Information', 'General', 'General', 'Skipped'),

  // ARR's names; the numbers are ours, since no public trace has them.
  ARR_SERVER_ROUTED: ours(20, 'Information', 'RequestRouting', 'RoutingReason', 'Server', 'State', 'TotalRequests', 'FailedRequests', 'CurrentRequests', 'BytesSent', 'BytesReceived', 'ResponseTime'),
  ARR_REQUEST_HEADERS_START: ours(23, 'Information', 'RequestRouting', 'Server', 'Headers'),
  ARR_RESPONSE_HEADERS_END: ours(26, 'Information', 'RequestRouting', 'HttpStatus', 'HttpReason', 'Headers'),

  // Ours: before an upstream is asked.
  CONNECTION: ours(101, 'Information', 'General', 'Protocol', 'TlsVersion', 'Cipher', 'Sni', 'Alpn', 'Peer'),
  SITE_SELECTED: ours(102, 'Information', 'General', 'SiteName', 'SiteId', 'Binding'),
  SITE_UNKNOWN: ours(103, 'Warning', 'General', 'Reason', 'Host'),
  REQUEST_REJECTED: ours(104, 'Warning', 'RequestNotifications', 'Reason', 'HttpStatus', 'HttpSubStatus', 'Detail'),

  // Ours: farms and attempts.
  FARM_CANDIDATE: ours(110, 'Verbose', 'RequestRouting', 'Farm', 'Server', 'State', 'Healthy', 'Why', 'Requests', 'Handshakes', 'Tunnels', 'Weight', 'ResponseTime'),
  FARM_CHOICE: ours(111, 'Information', 'RequestRouting', 'Farm', 'Server', 'Algorithm', 'Why'),
  ATTEMPT_START: ours(120, 'Information', 'RequestRouting', 'Server'),
  ATTEMPT_CONNECTED: ours(121, 'Information', 'RequestRouting', 'Server', 'Local', 'Remote', 'Reused', 'LookupTime', 'ConnectTime', 'SecureTime', 'TlsVersion', 'Cipher'),
  ATTEMPT_FAILED: ours(122, 'Warning', 'RequestRouting', 'Server', 'Code', 'Moment', 'SystemCode'),

  // Ours: the life of a WebSocket.
  WEBSOCKET_OPEN: ours(130, 'Information', 'WebSocket', 'Http', 'SubProtocol', 'Extensions', 'HandshakeTime'),
  WEBSOCKET_FRAME: ours(131, 'Verbose', 'WebSocket', 'From', 'Opcode', 'Fin', 'Rsv', 'Masked', 'Length', 'Payload'),
  WEBSOCKET_FRAMES_SKIPPED: ours(132, 'Information', 'WebSocket', 'FromClient', 'FromUpstream', 'BytesFromClient', 'BytesFromUpstream'),
  WEBSOCKET_QUIET: ours(133, 'Information', 'WebSocket', 'Milliseconds'),
  WEBSOCKET_CLOSE_FRAME: ours(134, 'Information', 'WebSocket', 'From', 'Code', 'Reason'),
  WEBSOCKET_UNREADABLE: ours(135, 'Warning', 'WebSocket', 'From'),
  WEBSOCKET_SOCKET_END: ours(136, 'Information', 'WebSocket', 'Side', 'How', 'SystemCode'),
  WEBSOCKET_CLOSED: ours(137, 'Information', 'WebSocket', 'ClosedBy', 'Ending', 'Limit', 'CloseCode', 'CloseReason', 'BytesFromClient', 'MessagesFromClient', 'IdleClient', 'BytesFromUpstream', 'MessagesFromUpstream', 'IdleUpstream'),

  // Ours: what it all means. IIS's level of each one is that of its severity.
  FINDING: ours(140, 'Warning', 'General', 'Code', 'Severity', 'Sentence', 'Evidence', 'Remedy')
} as const satisfies Readonly<Record<string, EventShape>>

export type EventName = keyof typeof EVENTS

/** True for a name that an event has: what is read from a file may be any text. */
export function isEventName (name: string): name is EventName {
  return Object.hasOwn(EVENTS, name)
}
