import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PriorityQueue } from '../../src/model/priority-queue.ts'

const drain = <T extends { priority: number; ticket: number }>(queue: PriorityQueue<T>): T[] => {
  const all: T[] = []
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) all.push(next)
  return all
}
const inOrder = (priorities: readonly number[]) =>
  priorities.map((priority, ticket) => ({ priority, ticket })).toSorted((a, b) => a.priority - b.priority || a.ticket - b.ticket)

describe('PriorityQueue', () => {
  it('gives lower priorities first and equal ones in order of their tickets', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (priorities) => {
        const queue = new PriorityQueue()
        priorities.forEach((priority, ticket) => queue.push({ priority, ticket }))
        expect(drain(queue)).toEqual(inOrder(priorities))
      }),
    )
  })

  it('keeps its order when pushes, pops and sweeps alternate', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant('pop' as const), fc.constant('sweep' as const))),
        (steps) => {
          const queue = new PriorityQueue()
          let model: { priority: number; ticket: number }[] = []
          steps.forEach((step, ticket) => {
            if (step === 'pop') {
              model.sort((a, b) => a.priority - b.priority || a.ticket - b.ticket)
              expect(queue.pop()).toEqual(model.shift())
            } else if (step === 'sweep') {
              queue.retain((entry) => entry.ticket % 3 !== 0)
              model = model.filter((entry) => entry.ticket % 3 !== 0)
            } else {
              queue.push({ priority: step, ticket })
              model.push({ priority: step, ticket })
            }
            expect(queue.size).toBe(model.length)
          })
        },
      ),
    )
  })
})
