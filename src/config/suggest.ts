/** Near misses: what somebody probably meant to write. */

/** ` Did you mean "x"?` when a candidate is near enough to the word, else an empty text; ready to be appended to a message. */
export function suggest(word: string, candidates: Iterable<string>): string {
  const near = nearest(word, candidates)
  return near === null ? '' : ` Did you mean "${near}"?`
}

/** The nearest candidate within a third of the word's length (at least one edit), the first of equals; null when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const folded = fold(word)
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    if (candidate === word) continue
    const distance = editDistance(folded, fold(candidate), bestDistance)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** Case and the choice between `-`, `_` and blank are never meant. */
function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[\s_-]+/g, '_')
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other; `limit` or more counts as `limit`. */
export function editDistance(left: string, right: string, limit: number): number {
  if (Math.abs(left.length - right.length) >= limit) return limit
  let before: number[] = []
  let above = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1]
      let cost = Math.min(above[column]! + 1, current[column - 1]! + 1, above[column - 1]! + (isSame ? 0 : 1))
      const isSwap = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (isSwap) cost = Math.min(cost, before[column - 2]! + 1)
      current.push(cost)
    }
    before = above
    above = current
  }
  return Math.min(above[right.length]!, limit)
}
