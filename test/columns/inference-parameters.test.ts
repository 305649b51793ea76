import { describe, expect, it } from 'vitest'
import { withDrawnParameters } from '../../src/columns/inference-parameters.ts'
import type { RequestPlace } from '../../src/columns/inference-parameters.ts'
import type { CompiledModel, Distribution } from '../../src/config/compiled.ts'
import { createRandom } from '../../src/random/random.ts'
import { ask } from '../model/builders.ts'

const uniform: Distribution = { distribution_type: 'uniform', params: { low: 0.2, high: 0.8 } }
const manual: Distribution = { distribution_type: 'manual', params: { values: [0.1, 0.5, 0.9], weights: [0.75, 0, 0.25] } }
const at = (more: Partial<RequestPlace> = {}): RequestPlace => ({ row: 3, column: 'c', refill: 0, restart: 0, step: 0, ...more })
const drawn = (place: RequestPlace, model: CompiledModel['drawn'] = { temperature: uniform, topP: manual }, seed = 1) =>
  withDrawnParameters(ask(), model === undefined ? {} : { drawn: model }, place, createRandom(seed))

describe('a parameter with a distribution', () => {
  it('is drawn for every request, from the place of the request alone', () => {
    const first = drawn(at())
    expect(first.temperature).toBeGreaterThanOrEqual(0.2)
    expect(first.temperature).toBeLessThan(0.8)
    expect([0.1, 0.9]).toContain(first.topP)
    drawn(at({ row: 9 }))
    expect(drawn(at())).toEqual(first)
    const others = [{ row: 4 }, { column: 'd' }, { refill: 1 }, { restart: 1 }, { step: 1 }].map((more) => drawn(at(more)).temperature)
    others.push(drawn(at(), undefined, 2).temperature)
    expect(new Set([first.temperature, ...others]).size).toBe(7)
  })

  it('follows its weights, and never takes a value of weight 0', () => {
    const rows = Array.from({ length: 4_000 }, (_, row) => drawn(at({ row })).topP)
    const shareOf = (value: number): number => rows.filter((each) => each === value).length / rows.length
    expect(shareOf(0.5)).toBe(0)
    expect(shareOf(0.1)).toBeGreaterThan(0.72)
    expect(shareOf(0.1)).toBeLessThan(0.78)
  })

  it('leaves the other parameter, and a model without distributions, as they are', () => {
    const request = ask('hi', { topP: 0.3 })
    expect(withDrawnParameters(request, { drawn: { temperature: uniform, topP: null } }, at(), createRandom(1)).topP).toBe(0.3)
    expect(withDrawnParameters(request, {}, at(), createRandom(1))).toBe(request)
  })
})
