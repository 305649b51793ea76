/** How many rows may be missing in a dataset called complete. */

/** Rows that may be dropped of `target`: a count, or a share of them rounded down. */
export function maxDroppedRows(maxDropped: { readonly rows: number } | { readonly share: number }, target: number): number {
  return 'rows' in maxDropped ? maxDropped.rows : Math.floor(maxDropped.share * target)
}
