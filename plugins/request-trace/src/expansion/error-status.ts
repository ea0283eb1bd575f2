// Which module has set an error's status? MODULE_SET_RESPONSE_ERROR_STATUS, which IIS's viewer shows first.
import { STATUS_CODES } from 'node:http'
import type { EventList } from './event-list.ts'

/** IIS's numbers of the notifications in which modules work. */
const NOTIFICATION = { BEGIN_REQUEST: 1, EXECUTE_REQUEST_HANDLER: 128 } as const

/** IIS's names where it has the module. */
export const MODULE = {
  hostRouting: ['HostRouting', 'BEGIN_REQUEST'],
  requestFilter: ['RequestFilteringModule', 'BEGIN_REQUEST'],
  urlRewrite: ['RewriteModule', 'BEGIN_REQUEST'],
  upstreamProxy: ['ApplicationRequestRouting', 'EXECUTE_REQUEST_HANDLER'],
  staticContent: ['StaticFileModule', 'EXECUTE_REQUEST_HANDLER'],
  server: ['Fastify', 'EXECUTE_REQUEST_HANDLER']
} as const satisfies Readonly<Record<string, readonly [string, keyof typeof NOTIFICATION]>>

/** Windows' numbers of what fails on this machine, before there is a connection; ARR's numbers say nothing of it. */
const OF_SYSTEM: Readonly<Record<string, number>> = { EMFILE: 4, ENFILE: 4, ENOBUFS: 10055 }

/** The Windows number of a system's word, such as `EMFILE`; 0 where there is none. */
export function windowsNumber (systemCode: string | null | undefined): number {
  return typeof systemCode === 'string' && Object.hasOwn(OF_SYSTEM, systemCode) ? OF_SYSTEM[systemCode] as number : 0
}

/** `win32`: the number of what failed; 0 for nothing that Windows has a number for. `code`: the stable code of the error; IIS has the name of a file with a mistake there. */
export function addErrorStatus (list: EventList, time: number, [name, notification]: typeof MODULE[keyof typeof MODULE], status: number, subStatus: number, win32: number, code = ''): void {
  list.add(time, 'MODULE_SET_RESPONSE_ERROR_STATUS', {
    ModuleName: name,
    Notification: NOTIFICATION[notification],
    HttpStatus: status,
    HttpReason: STATUS_CODES[status] ?? '',
    HttpSubStatus: subStatus,
    ErrorCode: win32 === 0 ? 0 : hresultOf(win32),
    ConfigExceptionInfo: code
  })
}

/** HRESULT_FROM_WIN32, without a sign: 0x80070000 and the number. */
function hresultOf (win32: number): number {
  return 0x80070000 + win32
}
