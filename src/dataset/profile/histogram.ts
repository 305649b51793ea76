/** Equally wide bins over numbers that are kept, whole or as a sketch. */

/** Counts between neighbouring edges, the last edge included. */
export interface NumberHistogram {
  /** One more than counts, rising. */
  readonly edges: readonly number[]
  readonly counts: readonly number[]
}

/** Bins of a histogram: it is looked at. */
export const BINS = 24

/**
 * The histogram of weighted values, of which `min` and `max` are the extremes. Whole numbers of at most `bins` different values get a bin
 * each, of more a width that is whole. Null without values.
 */
export function histogramOf(
  weighted: Iterable<readonly [value: number, weight: number]>,
  {
    min,
    max,
    isWhole,
    bins = BINS,
  }: { readonly min: number | null; readonly max: number | null; readonly isWhole: boolean; readonly bins?: number },
): NumberHistogram | null {
  if (min === null || max === null) return null
  const { first, width, count } = binsOf(min, max, isWhole, bins)
  const counts = Array.from({ length: count }, () => 0)
  for (const [value, weight] of weighted) {
    const bin = width === 0 ? 0 : Math.min(count - 1, Math.max(0, Math.floor((value - first) / width)))
    counts[bin] = (counts[bin] ?? 0) + weight
  }
  const edges = Array.from({ length: count + 1 }, (_, index) => (index === count && !isWhole ? max : first + index * width))
  return { edges, counts }
}

function binsOf(
  min: number,
  max: number,
  isWhole: boolean,
  bins: number,
): { readonly first: number; readonly width: number; readonly count: number } {
  if (isWhole && Number.isSafeInteger(min) && Number.isSafeInteger(max)) {
    const width = Math.ceil((max - min + 1) / bins)
    return { first: width === 1 ? min - 0.5 : min, width, count: Math.ceil((max - min + 1) / width) }
  }
  const width = (max - min) / bins
  return Number.isFinite(width) && width > 0 ? { first: min, width, count: bins } : { first: min, width: 0, count: 1 }
}
