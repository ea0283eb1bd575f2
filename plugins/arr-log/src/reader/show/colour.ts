// How is text coloured for a terminal?

const CODES = { red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36, bold: 1, dim: 2 } as const

export type Colour = keyof typeof CODES

/** Colours a text, or returns it unchanged where colours are off. */
export type Paint = (colour: Colour, text: string) => string

export const plain: Paint = (_colour, text) => text

/** Resets all attributes. Not the end of the foreground colour alone: pino-pretty paints messages cyan, and resumes cyan after that code. */
export const RESET = '\x1b[0m'

export const painted: Paint = (colour, text) => `\x1b[${CODES[colour]}m${text}${RESET}`
