/** Many small reads at once, but not all at once. */

/** Maps in parallel, `limit` items at a time; results in the order of the items. After a failure nothing new is started. */
export async function mapBounded<T, R>(items: readonly T[], limit: number, map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = Array.from({ length: items.length })
  let next = 0
  let hasFailed = false
  async function lane(): Promise<void> {
    while (next < items.length && !hasFailed) {
      const index = next
      next += 1
      try {
        results[index] = await map(items[index] as T)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, lane))
  const failed = lanes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return results
}
