import { describe, expect, it } from 'vitest'
import { deathsBefore, traceAtStart } from '../../src/plan/deaths.ts'

describe('deaths of a row group’s attempts', () => {
  it('are none for a first attempt, whatever the journal holds', () => {
    expect(deathsBefore({ attempt: 1, before: null, answers: 30 })).toBe(0)
  })

  it('are counted while no new answer comes', () => {
    const dead = (deaths: number) => ({ answersAtStart: 7, deaths, hasEnded: false })
    expect(deathsBefore({ attempt: 2, before: dead(0), answers: 7 })).toBe(1)
    expect(deathsBefore({ attempt: 6, before: dead(4), answers: 7 })).toBe(5)
  })

  it('are forgotten with a new answer: the row group gets on, whatever kills its workers', () => {
    expect(deathsBefore({ attempt: 9, before: { answersAtStart: 7, deaths: 4, hasEnded: false }, answers: 8 })).toBe(0)
  })

  it('are not what an attempt does that ends by itself', () => {
    expect(deathsBefore({ attempt: 4, before: { answersAtStart: 7, deaths: 2, hasEnded: true }, answers: 7 })).toBe(2)
  })

  it('include attempts that died before their first heartbeat', () => {
    expect(deathsBefore({ attempt: 6, before: null, answers: 0 })).toBe(5)
  })

  it('are counted although every attempt dies before it has read the journal', () => {
    let trace = traceAtStart(1, null)
    for (let attempt = 2; attempt <= 6; attempt += 1) trace = traceAtStart(attempt, trace)
    expect(trace).toEqual({ answersAtStart: 0, deaths: 5, hasEnded: false })
    expect(deathsBefore({ attempt: 7, before: trace, answers: 3 })).toBe(0)
  })
})
