import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { orderByNeeds } from '../../src/config/dependencies.ts'
import { editDistance, nearest, suggest } from '../../src/config/suggest.ts'

describe('a near miss', () => {
  it.each([
    ['wieghts', 'weights'],
    ['modelConfigs', 'model_configs'],
    ['Model-Configs', 'model_configs'],
    ['column', 'columns'],
  ])('of %s is %s', (word, expected) => {
    expect(suggest(word, ['prompt', 'weights', 'model_configs', 'columns'])).toBe(` Did you mean "${expected}"?`)
  })

  it('is not seen in what is far away, nor in the word itself', () => {
    expect(nearest('town', ['city', 'price'])).toBeNull()
    expect(nearest('city', ['city'])).toBeNull()
  })

  it('is measured by a distance: zero only for equals, symmetric, never above the limit', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 20 }), (left, right, limit) => {
        const distance = editDistance(left, right, limit)
        expect(distance).toBe(editDistance(right, left, limit))
        expect(distance).toBeLessThanOrEqual(limit)
        expect(distance === 0).toBe(left === right)
      }),
    )
  })
})

describe('the order of columns', () => {
  it('has every column once and after its inputs, whatever the graph without circles', () => {
    const graph = fc
      .integer({ min: 1, max: 30 })
      .chain((size) =>
        fc.tuple(fc.shuffledSubarray([...Array(size).keys()], { minLength: size }), fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)))),
      )
    fc.assert(
      fc.property(graph, ([names, pairs]) => {
        const needs = new Map(
          names.map((name) => [
            `c${name}`,
            pairs.filter(([a, b]) => Math.max(a, b) === name && a !== b).map(([a, b]) => `c${Math.min(a, b)}`),
          ]),
        )
        const { order, circles } = orderByNeeds(needs)
        expect(circles).toEqual([])
        expect([...order].toSorted()).toEqual([...needs.keys()].toSorted())
        for (const [name, inputs] of needs) for (const input of inputs) expect(order.indexOf(input)).toBeLessThan(order.indexOf(name))
      }),
    )
  })

  it('is found for a chain of 50,000 columns', () => {
    const needs = new Map(Array.from({ length: 50_000 }, (_, index) => [`c${index}`, index === 49_999 ? [] : [`c${index + 1}`]]))
    expect(orderByNeeds(needs).order[0]).toBe('c49999')
  })
})
