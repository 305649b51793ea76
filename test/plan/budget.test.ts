import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addSpend, ceilingFor, fits, leftOf, NO_SPEND, refusalOfBudget } from '../../src/plan/budget.ts'
import type { Budget, Claim, Spend } from '../../src/plan/budget.ts'

const money = (amount: number): Budget => ({ money: amount, tokens: null })
const spent = (amount: number, tokens = 0): Spend => ({ money: amount, tokens })
const claim = (changes: Partial<Claim> = {}): Claim => ({ spent: NO_SPEND, expected: null, needed: NO_SPEND, ...changes })

describe('a ceiling', () => {
  it('is half of what is left while nobody knows what a row group costs, and no crumb beside others', () => {
    const whole = money(8)
    expect(ceilingFor(claim(), { left: money(8), whole, isAlone: true })).toEqual(money(4))
    expect(ceilingFor(claim(), { left: money(4), whole, isAlone: false })).toEqual(money(2))
    expect(ceilingFor(claim(), { left: money(0.9), whole, isAlone: false })).toBeNull()
    expect(ceilingFor(claim(), { left: money(0.9), whole, isAlone: true })).toEqual(money(0.45))
  })

  it('is twice what is expected once that is known, and all that is left where that is less', () => {
    const known = claim({ expected: spent(1) })
    expect(ceilingFor(known, { left: money(9), whole: money(9), isAlone: false })).toEqual(money(2))
    expect(ceilingFor(known, { left: money(1.5), whole: money(9), isAlone: false })).toEqual(money(1.5))
    expect(ceilingFor(known, { left: money(0.5), whole: money(9), isAlone: false })).toBeNull()
    expect(ceilingFor(known, { left: money(0.5), whole: money(9), isAlone: true })).toEqual(money(0.5))
  })

  it('counts what the journal holds, and grows twofold where more is needed than was expected', () => {
    const more = claim({ expected: spent(1), spent: spent(3) })
    expect(ceilingFor(more, { left: money(9), whole: money(9), isAlone: false })).toEqual(money(6))
  })

  it('is null when not even the next call fits, and else has room for it', () => {
    const next = claim({ needed: spent(0.3) })
    expect(ceilingFor(next, { left: money(0.2), whole: money(9), isAlone: true })).toBeNull()
    expect(ceilingFor(next, { left: money(0.4), whole: money(9), isAlone: true })).toEqual(money(0.3))
    expect(ceilingFor(claim(), { left: money(0), whole: money(9), isAlone: true })).toBeNull()
  })

  it('holds in money and in tokens', () => {
    const both = { money: 10, tokens: 101 }
    expect(ceilingFor(claim(), { left: both, whole: both, isAlone: true })).toEqual({ money: 5, tokens: 50 })
    expect(ceilingFor(claim(), { left: { money: 10, tokens: 0 }, whole: both, isAlone: true })).toBeNull()
    expect([fits(spent(1, 5), { money: 1, tokens: null }), fits(spent(1, 5), { money: null, tokens: 4 })]).toEqual([true, false])
  })
})

/** Row groups that are opened, spend, end or come back as the draws say, as a run does it. */
function simulate(
  budget: Budget,
  costs: readonly Spend[],
  draw: () => number,
): { spentInAll: Spend; mostPromised: Spend; turns: number; done: number } {
  const NEXT = 0.01
  const journal: Spend[] = costs.map(() => NO_SPEND)
  const needed: Spend[] = costs.map(() => NO_SPEND)
  const open = new Map<number, Budget>()
  const isDone = costs.map(() => false)
  let mostPromised: Spend = NO_SPEND
  let turns = 0
  for (; turns < 5_000; turns += 1) {
    const settled = journal.filter((_one, id) => !open.has(id)).reduce(addSpend, NO_SPEND)
    const promised = [...open.values()].map((each) => spent(each.money ?? 0)).reduce(addSpend, settled)
    mostPromised = { money: Math.max(mostPromised.money, promised.money), tokens: 0 }
    const id = isDone.findIndex((done, index) => !done && !open.has(index))
    const finished = isDone.filter(Boolean).length
    const expected = finished === 0 ? null : { money: settled.money / finished, tokens: 0 }
    const own = id < 0 ? NO_SPEND : journal[id]!
    const base = { money: settled.money, tokens: 0 }
    const purse = { left: leftOf(budget, promised), whole: leftOf(budget, base), isAlone: open.size === 0 }
    const ceiling = id < 0 || open.size >= 4 ? null : ceilingFor({ spent: own, expected, needed: needed[id]! }, purse)
    if (ceiling !== null) {
      open.set(id, ceiling)
      continue
    }
    if (open.size === 0) break
    const some = [...open.keys()][draw() % open.size]!
    const limit = open.get(some)!.money ?? Number.POSITIVE_INFINITY
    open.delete(some)
    if (costs[some]!.money <= limit) {
      journal[some] = costs[some]!
      isDone[some] = true
    } else {
      // It stops where the next call might not fit, added up as the purse adds.
      let paid = journal[some]!.money
      while (paid + NEXT <= limit) paid += NEXT
      journal[some] = spent(paid)
      needed[some] = { money: NEXT, tokens: 0 }
    }
  }
  return { spentInAll: journal.reduce(addSpend, NO_SPEND), mostPromised, turns, done: isDone.filter(Boolean).length }
}

describe('a budget', () => {
  it('is never exceeded by what is promised, ends in finite time, and is used up or enough', () => {
    const costs = fc.array(
      fc.double({ min: 0.01, max: 3, noNaN: true }).map((amount) => spent(amount)),
      { minLength: 1, maxLength: 12 },
    )
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 20, noNaN: true }), costs, fc.infiniteStream(fc.nat()), (amount, each, draws) => {
        const end = simulate(money(amount), each, () => draws.next().value as number)
        expect(end.turns).toBeLessThan(1_000)
        expect(end.mostPromised.money).toBeLessThanOrEqual(amount + 1e-9)
        expect(end.spentInAll.money).toBeLessThanOrEqual(amount + 1e-9)
        if (end.done < each.length) expect(end.spentInAll.money).toBeGreaterThan(amount - 0.02 - 1e-9)
      }),
    )
  })

  it('for some of the row groups finishes some, the oldest first, rather than beginning all', () => {
    const end = simulate(
      money(5),
      Array.from({ length: 8 }, () => spent(1)),
      () => 0,
    )
    expect(end.done).toBeGreaterThanOrEqual(4)
  })

  it('that cannot be is refused with a reason', () => {
    expect(refusalOfBudget({ money: 5 }, [])).toBeNull()
    expect(refusalOfBudget({ tokens: null }, ['m'])).toBeNull()
    expect(refusalOfBudget({ tokens: 10 }, ['m'])).toBeNull()
    expect(refusalOfBudget({ money: 5 }, ['m', 'n'])).toContain('found none for m, n')
    for (const wrong of [{}, { money: 0 }, { money: -1 }, { money: Number.NaN }, { tokens: 0 }, { tokens: 1.5 }]) {
      expect(refusalOfBudget(wrong, [])).not.toBeNull()
    }
  })
})
