// The columns of the W3C log, by the names that IIS has for them.

/** The flags of `logExtFileFlags` and the column of each, in IIS's order. */
export const FLAGS = {
  Date: 'date',
  Time: 'time',
  SiteName: 's-sitename',
  ComputerName: 's-computername',
  ServerIP: 's-ip',
  Method: 'cs-method',
  UriStem: 'cs-uri-stem',
  UriQuery: 'cs-uri-query',
  ServerPort: 's-port',
  UserName: 'cs-username',
  ClientIP: 'c-ip',
  ProtocolVersion: 'cs-version',
  UserAgent: 'cs(User-Agent)',
  Cookie: 'cs(Cookie)',
  Referer: 'cs(Referer)',
  Host: 'cs-host',
  HttpStatus: 'sc-status',
  HttpSubStatus: 'sc-substatus',
  Win32Status: 'sc-win32-status',
  BytesSent: 'sc-bytes',
  BytesRecv: 'cs-bytes',
  TimeTaken: 'time-taken'
} as const
