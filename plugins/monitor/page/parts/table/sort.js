// In which order? By a column's value; what has none stands last either way.

/**
 * @template Row
 * @param {readonly Row[]} rows
 * @param {ReadonlyArray<import('./table.js').Column<Row>>} columns
 * @param {import('./table.js').Sort | null} sort
 * @returns {readonly Row[]}
 */
export function sortRows (rows, columns, sort) {
  const by = sort === null ? undefined : columns.find(column => column.name === sort.by)?.by
  if (sort === null || by === undefined) return rows
  const sign = sort.descending ? -1 : 1
  return [...rows].sort((a, b) => {
    const x = by(a)
    const y = by(b)
    if (x === y) return 0
    if (x === null) return 1
    if (y === null) return -1
    return (typeof x === 'string' && typeof y === 'string' ? x.localeCompare(y, 'en', { numeric: true }) : x < y ? -1 : 1) * sign
  })
}
