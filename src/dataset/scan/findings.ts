/** Collecting what a person should know: one finding a kind, with the first names, however many there are. */
import type { Finding } from '../../contract.ts'

/** A collection of findings. */
export interface Findings {
  add(kind: Finding['kind'], what: string): void
  /** One a kind, in the order of their first appearance. */
  list(): readonly Finding[]
}

/** Things a message names before it says "and so many more". */
const NAMED = 3

/** An empty collection. */
export function createFindings(): Findings {
  const byKind = new Map<Finding['kind'], { count: number; named: string[] }>()
  return {
    add(kind, what): void {
      const known = byKind.get(kind) ?? { count: 0, named: [] }
      known.count += 1
      if (known.named.length < NAMED) known.named.push(what)
      byKind.set(kind, known)
    },
    list: () =>
      [...byKind].map(([kind, { count, named }]) => {
        const more = count > named.length ? `; and ${count - named.length} more` : ''
        return { kind, count, message: named.join('; ') + more }
      }),
  }
}
