// How many processes serve the site? One per core, a number, or the one that was started.

const MOST = 1024

/** Null for the one alone; a mistake is added to `mistakes`. */
export function workersIn (text: string | undefined, mistakes: string[]): number | 'auto' | null {
  if (text === undefined || text === '') return null
  if (/^auto$/i.test(text)) return 'auto'
  if (/^[1-9]\d{0,3}$/.test(text) && Number(text) <= MOST) return Number(text)
  mistakes.push(`WORKERS must be auto, or a whole number from 1 to ${MOST}, and not ${JSON.stringify(text)}.`)
  return null
}
