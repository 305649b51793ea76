import { expect, it } from 'vitest'
import { createPresses } from '../../src/cli/presses.ts'

it('a signal that comes twice within a quarter of a second is one press of Ctrl-C', () => {
  let now = 0
  const next = createPresses(() => now)
  const pressedAt = (ms: number): number | null => {
    now = ms
    return next()
  }
  expect([1_000, 1_005, 1_249, 1_250, 1_260, 5_000].map(pressedAt)).toEqual([1, null, null, 2, null, 3])
})
