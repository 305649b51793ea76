/** The processor `drop_columns`: which columns leave the final rows. */

/**
 * Names that a `drop_columns` processor drops, in the order of `available`. `columnNames` are names or patterns in which `*` stands
 * for any characters; every other character stands for itself. A name that matches nothing drops nothing: see `unmatchedNames`.
 */
export function dropColumns(columnNames: readonly string[], available: readonly string[]): readonly string[] {
  const matchers = columnNames.map(compileMatcher)
  return available.filter((name) => matchers.some((matches) => matches(name)))
}

/** Entries of `columnNames` that match no column: mistakes, for the config to report. */
export function unmatchedNames(columnNames: readonly string[], available: readonly string[]): readonly string[] {
  return columnNames.filter((name) => !available.some(compileMatcher(name)))
}

/** Pieces between stars are found one after the other, so a pattern of many stars takes no longer than its length times the name's. */
function compileMatcher(pattern: string): (name: string) => boolean {
  const [head, ...others] = pattern.split('*')
  const tail = others.pop()
  if (head === undefined || tail === undefined) return (name) => name === pattern
  return (name) => {
    if (!name.startsWith(head)) return false
    let at = head.length
    for (const piece of others) {
      const found = name.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
    return name.length - at >= tail.length && name.endsWith(tail)
  }
}
