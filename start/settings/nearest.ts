// Which name was probably meant?

/** The name with the fewest letters to change, where these are few; null for none. */
export function nearest (text: string, names: readonly string[]): string | null {
  const limit = Math.max(1, Math.floor(text.length / 3))
  let best: string | null = null
  let least = limit + 1
  for (const name of names) {
    const distance = name.startsWith(text) && text.length > 2 ? 1 : distanceOf(text, name)
    if (distance < least) {
      best = name
      least = distance
    }
  }
  return best
}

/** Letters that are added, left out, changed, or two that have changed places. */
function distanceOf (one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const above = rows[i - 1] as number[]
      let least = Math.min((above[j] as number) + 1, (row[j - 1] as number) + 1, (above[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) least = Math.min(least, ((rows[i - 2] as number[])[j - 2] as number) + 1)
      row.push(least)
    }
    rows.push(row)
  }
  return (rows[one.length] as number[])[other.length] as number
}
