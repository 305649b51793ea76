import { describe, expect, it } from 'vitest'
import { chooseStages } from '../../src/composite/choose-stages.ts'

// a → b → c, and d from a.
const stages = [
  { index: 0, name: 'a', upstream: null },
  { index: 1, name: 'b', upstream: 0 },
  { index: 2, name: 'c', upstream: 1 },
  { index: 3, name: 'd', upstream: 0 },
]

describe('the stages that a run sees to', () => {
  it('are all of them, none made again, unless something else is asked for', () => {
    expect(chooseStages(stages, { isAnew: false })).toEqual({ wanted: [0, 1, 2, 3], forced: [] })
    expect(chooseStages(stages, { isAnew: true })).toEqual({ wanted: [0, 1, 2, 3], forced: [0, 1, 2, 3] })
  })

  it('are the targets and what they follow from', () => {
    expect(chooseStages(stages, { targets: ['d'], isAnew: false })).toEqual({ wanted: [0, 3], forced: [] })
    expect(chooseStages(stages, { targets: ['b', 'd'], isAnew: false })).toEqual({ wanted: [0, 1, 3], forced: [] })
  })

  it('are made again from one stage on, with what follows from it', () => {
    expect(chooseStages(stages, { rerunFrom: 'b', isAnew: false })).toEqual({ wanted: [0, 1, 2, 3], forced: [1, 2] })
    expect(chooseStages(stages, { rerunFrom: 'a', targets: ['d'], isAnew: false })).toEqual({ wanted: [0, 3], forced: [0, 3] })
  })

  it.each([
    [{ targets: ['e'], isAnew: false }, 'expected the target to name a stage (a, b, c, d), found "e"'],
    [{ targets: [], isAnew: false }, 'expected at least one target stage'],
    [{ rerunFrom: 'x', isAnew: false }, 'expected rerun_from to name a stage'],
    [{ rerunFrom: 'c', targets: ['d'], isAnew: false }, 'expected rerun_from to be a target or a stage before one, found "c"'],
    [{ rerunFrom: 'b', isAnew: true }, 'resume is never'],
  ])('and %j is refused', (asked, message) => {
    expect(() => chooseStages(stages, asked)).toThrow(message)
  })
})
