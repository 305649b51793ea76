import { describe, expect, it } from 'vitest'
import type { DatasetProcessor } from '../../../src/dataset/ports.ts'
import { processorSteps } from '../../../src/dataset/processors/processor-steps.ts'
import { city, compile, configOf } from '../../config/builders.ts'
import { copying } from '../processed-datasets.ts'

function steps(processors: readonly object[], registered: readonly DatasetProcessor[] = [], seed = 's') {
  const { datasetProcessors } = compile(configOf([city], { parquetry: { processors } })).compiled
  return processorSteps({ datasetProcessors }, seed, registered)
}
const custom = (processor: string, more: object = {}): object => ({ processor_type: 'custom', name: `my-${processor}`, processor, ...more })
const namesOf = (list: readonly { readonly name: string }[]): readonly string[] => list.map(({ name }) => name)

describe('the processors of a dataset', () => {
  it("are the config's in its order, then the worker's that it does not name, except those that want to be named", () => {
    const registered = [copying('one'), copying('two'), { ...copying('three'), runs: 'when-named' as const }, copying('four')]
    expect(namesOf(steps([custom('two'), { processor_type: 'shuffle' }], registered))).toEqual(['my-two', 'shuffle', 'one', 'four'])
    expect(namesOf(steps([custom('three')], registered))).toEqual(['my-three', 'one', 'two', 'four'])
    expect(namesOf(steps([], registered))).toEqual(['one', 'two', 'four'])
  })

  it('may use one of the worker twice, with the options of each', () => {
    const twice = steps(
      [custom('one', { name: 'a', options: { n: 1 } }), custom('one', { name: 'b', options: { n: 2 } })],
      [copying('one')],
    )
    expect(twice.map(({ name, options }) => [name, options])).toEqual([
      ['a', { n: 1 }],
      ['b', { n: 2 }],
    ])
  })

  it('are refused when the worker lacks one, with those it has', () => {
    expect(() => steps([custom('scoer')], [copying('score')])).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/"scoer".*found score.*Did you mean "score"/) }),
    )
    expect(() => steps([custom('score')])).toThrow(expect.objectContaining({ message: expect.stringContaining('found none') }))
  })

  it('have a version that holds options, code and what they read, but not the order of option names', () => {
    const version = (processors: readonly object[], registered = [copying('one')]): string | undefined =>
      steps(processors, registered).find(({ name }) => name === 'my-one')?.version
    const plain = version([custom('one', { options: { a: 1, b: 2 } })])
    expect(version([custom('one', { options: { b: 2, a: 1 } })])).toBe(plain)
    const others = [
      version([custom('one', { options: { a: 1, b: 3 } })]),
      version([custom('one', { options: { a: 1, b: 2 } })], [{ ...copying('one'), version: '2' }]),
      version([{ processor_type: 'shuffle' }, custom('one', { options: { a: 1, b: 2 } })]),
      version([{ processor_type: 'shuffle', seed: 9 }, custom('one', { options: { a: 1, b: 2 } })]),
    ]
    expect(new Set([plain, ...others]).size).toBe(5)
  })

  it('take the seed of the dataset where they have none', () => {
    const of = (seed: string, more: object = {}): unknown => steps([{ processor_type: 'split', ...more }], [], seed)[0]?.version
    expect(of('1')).not.toBe(of('2'))
    expect(of('1', { seed: 5 })).toBe(of('2', { seed: 5 }))
  })
})
