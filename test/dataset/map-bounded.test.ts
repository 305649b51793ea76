import { describe, expect, it } from 'vitest'
import { mapBounded } from '../../src/dataset/map-bounded.ts'

describe('mapping in parallel', () => {
  it('keeps the order and the limit', async () => {
    let open = 0
    let most = 0
    const results = await mapBounded([5, 1, 4, 2, 3, 0, 6], 3, async (item) => {
      open += 1
      most = Math.max(most, open)
      await new Promise((resolve) => setTimeout(resolve, item))
      open -= 1
      return item * 10
    })
    expect(results).toEqual([50, 10, 40, 20, 30, 0, 60])
    expect(most).toBe(3)
  })

  it('throws the first failure once everything started has ended, and starts nothing more', async () => {
    let started = 0
    let ended = 0
    const mapped = mapBounded(
      Array.from({ length: 100 }, (_, i) => i),
      4,
      async (item) => {
        started += 1
        await new Promise((resolve) => setTimeout(resolve, 1))
        ended += 1
        if (item === 5) throw new Error('five')
      },
    )
    await expect(mapped).rejects.toThrow('five')
    expect(ended).toBe(started)
    expect(started).toBeLessThan(20)
  })

  it('has nothing to do for nothing', async () => {
    expect(await mapBounded([], 4, async () => 1)).toEqual([])
  })
})
