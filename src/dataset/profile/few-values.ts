/** How often each value of a column of texts occurs, as long as they are few and short: labels, not prose. */

/** Counts texts. */
export interface FewValues {
  add(text: string): void
  /** By count, highest first; null once there were too many, or a long one. */
  ranked(): readonly (readonly [text: string, count: number])[] | null
}

/** Different texts, and characters of each: as much as a person looks at. */
const MOST_VALUES = 60
const MOST_CHARACTERS = 120

/** Nothing counted yet. It gives up, and forgets, with the first text that is no label. */
export function createFewValues(): FewValues {
  let counts: Map<string, number> | null = new Map()
  return {
    add(text): void {
      if (counts === null) return
      const before = counts.get(text)
      if (before === undefined && (counts.size >= MOST_VALUES || text.length > MOST_CHARACTERS)) counts = null
      else counts.set(text, (before ?? 0) + 1)
    },
    ranked: () => (counts === null ? null : [...counts].sort(([, a], [, b]) => b - a)),
  }
}
