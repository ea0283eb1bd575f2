// Which colours does a terminal get?

const CODES = { red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36, bold: 1, dim: 2 } as const

export type Colour = keyof typeof CODES

/** Paints a text; or, where there are no colours, leaves it. */
export type Paint = (colour: Colour, text: string) => string

export const plain: Paint = (_colour, text) => text

/** Ends whatever was on before: pino-pretty paints each message cyan, and paints it again after an end of its own colour. */
export const RESET = '\x1b[0m'

export const painted: Paint = (colour, text) => `\x1b[${CODES[colour]}m${text}${RESET}`
