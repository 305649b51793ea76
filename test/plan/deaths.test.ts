import { describe, expect, it } from 'vitest'
import type { AttemptTrace } from '../../src/plan/deaths.ts'
import { traceOf } from '../../src/plan/deaths.ts'

const dead = (deaths: number, changes: Partial<AttemptTrace> = {}): AttemptTrace => ({ mark: 'm', deaths, hasEnded: false, ...changes })

describe('deaths of a row group’s attempts', () => {
  it('are none for a first attempt', () => {
    expect(traceOf({ attempt: 1, before: null, mark: 'm' })).toEqual({ mark: 'm', deaths: 0, hasEnded: false })
  })

  it('are counted while nothing is got done', () => {
    let trace = traceOf({ attempt: 1, before: null, mark: 'm' })
    for (let attempt = 2; attempt <= 6; attempt += 1) trace = traceOf({ attempt, before: trace, mark: 'm' })
    expect(trace.deaths).toBe(5)
  })

  it('are forgotten when anything was got done on the dataset meanwhile: nobody knows which row group a worker died of', () => {
    expect(traceOf({ attempt: 9, before: dead(4), mark: 'another' })).toEqual({ mark: 'another', deaths: 0, hasEnded: false })
  })

  it('are not what an attempt does that ends by itself', () => {
    expect(traceOf({ attempt: 4, before: dead(2, { hasEnded: true }), mark: 'm' }).deaths).toBe(2)
  })

  it('include attempts that died before their first heartbeat', () => {
    expect(traceOf({ attempt: 6, before: null, mark: 'm' }).deaths).toBe(5)
  })
})
