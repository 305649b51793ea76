import { describe, expect, it } from 'vitest'
import { compileStored, toBuilderConfig, toParquetryFile } from '../../src/config/stored.ts'
import { city, compile, configOf, failureOf, text, warningsOf } from './builders.ts'

const judge = {
  name: 'verdict',
  column_type: 'llm-judge',
  model_alias: 'm',
  prompt: 'Judge {{ t }}',
  scores: [{ name: 'tone', description: 'Its tone', options: { 1: 'bad', 2: 'good' } }],
}
const models = ['m', 'other'].map((alias) => ({ alias, model: alias, provider: 'openai' }))
const judged = (profilers: unknown): ReturnType<typeof configOf> =>
  configOf([city, text('t', '{{ city }}'), judge], { model_configs: models, profilers })
const onDisk = (value: object): object => JSON.parse(JSON.stringify(value)) as object

describe('profilers', () => {
  it('are kept with their model, which no column needs to ask, and change no fingerprint', () => {
    const first = compile(judged([{ model_alias: 'other' }, { model_alias: 'm', summary_score_sample_size: null }]))
    expect(first.compiled.profilers).toEqual([
      { model_alias: 'other', summary_score_sample_size: 20 },
      { model_alias: 'm', summary_score_sample_size: null },
    ])
    expect(Object.keys(first.compiled.models).sort()).toEqual(['m', 'other'])
    expect(compileStored(onDisk(toBuilderConfig(first)), onDisk(toParquetryFile(first)))).toEqual(first.compiled)
    expect(compile(judged(null)).compiled.fingerprint).toEqual(first.compiled.fingerprint)
  })

  it('are told what is wrong with them, all at once', () => {
    const problems = failureOf(judged([{ model_alias: 'nobody' }, { model_alias: 'm', summary_score_sample_size: 0, more: 1 }])).details
      .problems
    expect(problems?.map(({ path }) => path).sort()).toEqual([
      'profilers[0].model_alias',
      'profilers[1].more',
      'profilers[1].summary_score_sample_size',
    ])
  })

  it('are warned of where no row has a score', () => {
    expect(warningsOf(judged([{ model_alias: 'm' }]))).toEqual([])
    const without = configOf([city, text('t', '{{ city }}')], { model_configs: models.slice(0, 1), profilers: [{ model_alias: 'm' }] })
    expect(warningsOf(without)).toEqual(['profilers[0]: a judge score profiler reads llm-judge columns, and no row will have one'])
  })
})
