import type { PrettyOptions } from 'pino-pretty'

declare const options: PrettyOptions
export = options
