// Which file does a line of this moment belong to?

export const PERIODS = ['hourly', 'daily', 'weekly', 'monthly', 'size', 'none'] as const

/** How often a new file begins: by the clock, by size (`MaxSize`), or never. */
export type Period = typeof PERIODS[number]

/** The name of the file a line of this moment belongs to. */
export type NameOf = (at: number) => string

const HOUR = 3_600_000

/** The prefixes of each format's file names: of those named by date, and of numbered ones. */
export const PREFIXES = {
  w3c: { dated: 'u_ex', numbered: 'u_extend' },
  ncsa: { dated: 'u_nc', numbered: 'u_ncsa' },
  json: { dated: 'u_js', numbered: 'u_json' }
} as const

export interface NamingOptions {
  readonly period: Exclude<Period, 'size' | 'none'>
  readonly prefix: string
  /** `_x` where there are custom fields. */
  readonly suffix: string
  /** Names and roll-over go by local time. */
  readonly local: boolean
}

/**
 * File names after IIS (KB Q242898): `u_exYYMMDDHH.log`, `u_exYYMMDD.log`, `u_exYYMMWW.log` (week of the month),
 * `u_exYYMM.log`.
 */
export function compileName ({ period, prefix, suffix, local }: NamingOptions): NameOf {
  let hour = NaN
  let name = ''
  return at => {
    // Every period begins on a whole hour, or on a half or quarter of one in time zones with such offsets.
    const slot = Math.floor(at / (HOUR / 4))
    if (slot !== hour) {
      hour = slot
      name = `${prefix}${digits(at, period, local)}${suffix}.log`
    }
    return name
  }
}

function digits (at: number, period: NamingOptions['period'], local: boolean): string {
  // Shifted by the zone's offset, the UTC fields of the date are those of local time.
  const date = new Date(local ? at - new Date(at).getTimezoneOffset() * 60_000 : at)
  const iso = date.toISOString()
  const month = iso.slice(2, 4) + iso.slice(5, 7)
  if (period === 'monthly') return month
  if (period === 'weekly') return month + weekOfMonth(date)
  const day = month + iso.slice(8, 10)
  return period === 'hourly' ? day + iso.slice(11, 13) : day
}

// A week begins on Sunday; the first week of a month begins with the month.
function weekOfMonth (date: Date): string {
  const day = date.getUTCDate()
  const first = (date.getUTCDay() - (day - 1) % 7 + 7) % 7
  return String(Math.ceil((day + first) / 7)).padStart(2, '0')
}
