// Is a value of the kind that an option wants?

export const isText = (value: unknown): value is string => typeof value === 'string'
export const isName = (value: unknown): value is string => isText(value) && value !== ''
export const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
export const isTextList = (value: unknown): value is string[] => Array.isArray(value) && value.every(isName)
export const isCount = (value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
