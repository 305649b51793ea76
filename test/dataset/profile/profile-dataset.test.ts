import { describe, expect, it } from 'vitest'
import { keys } from '../../../src/dataset/layout.ts'
import type { JudgeProfile } from '../../../src/dataset/profile/judge-profiles.ts'
import type { ColumnStatistics } from '../../../src/dataset/profile/statistics.ts'
import { isProcessingDue } from '../../../src/dataset/processors/processing-due.ts'
import { ParquetryError } from '../../../src/errors.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { MadeDataset } from '../made-dataset.ts'
import { JUDGED_CONFIG, judgedAnswer, makeJudged, metadataOf, profileMade } from './judged-dataset.ts'

async function isDue(made: MadeDataset): Promise<boolean> {
  return await isProcessingDue(made.storage, await metadataOf(made.storage), (await made.open()).compiled, [])
}

async function profilesOf(made: MadeDataset): Promise<readonly JudgeProfile[]> {
  return ((await metadataOf(made.storage)).column_profiles ?? []) as readonly JudgeProfile[]
}

const reportOf = async ({ storage }: MadeDataset): Promise<string> =>
  new TextDecoder().decode((await storage.read(keys.report)) ?? undefined)

describe('a profile of judge scores', () => {
  it('counts the options of each score, and has a summary of a sample that is always the same', async () => {
    const made = await makeJudged(createMemoryStorage())
    const calls = made.calls()
    expect(await profileMade(made)).toEqual({ findings: [] })
    expect(made.calls() - calls).toBe(2)
    const [profile] = await profilesOf(made)
    const { histograms, distributions, distribution_types: types } = profile!.score_distributions
    expect(types).toEqual({ tone: 'numerical', fit: 'categorical' })
    expect(histograms['tone']).toMatchObject({ categories: [1, 2, 3] })
    expect(histograms['fit']).toMatchObject({ categories: ['No', 'Yes'] })
    for (const { counts } of Object.values(histograms).filter((histogram) => histogram !== '--'))
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(30)
    expect(distributions['tone']).toMatchObject({ min: 1, max: 3, median: expect.any(Number) })
    const { summary, score_samples: samples } = profile!.summaries['tone']!
    expect(summary).toMatch(/^A summary/)
    expect(samples).toHaveLength(5)
    const again = await makeJudged(createMemoryStorage())
    await profileMade(again)
    expect((await profilesOf(again))[0]?.summaries['tone']?.score_samples).toEqual(samples)
    expect((await metadataOf(made.storage)).parquetry.summaries_usage).toEqual({ calls: 2, inputTokens: 20, outputTokens: 10, cost: 20 })
    expect(await reportOf(made)).toContain('Summary by a model of 5')
  })

  it('is not paid for twice while the data stay the same, even when the profile is lost', async () => {
    const made = await makeJudged(createMemoryStorage())
    await profileMade(made)
    const calls = made.calls()
    await profileMade(made)
    const { column_statistics: _lost, ...rest } = await metadataOf(made.storage)
    await made.storage.writeAtomic(keys.metadata, JSON.stringify(rest))
    await profileMade(made)
    expect(made.calls()).toBe(calls)
    expect((await profilesOf(made))[0]?.summaries['tone']?.summary).toMatch(/^A summary/)
  })

  it('keeps the dataset and its statistics while the model is away, and asking again brings the summaries', async () => {
    let isAway = true
    const made = await makeJudged(createMemoryStorage(), {
      answer(request) {
        if (isAway && request.model === 'stub-2') throw new ParquetryError('MODEL_UNREACHABLE', 'nobody listens')
        return judgedAnswer(request)
      },
    })
    const calls = made.calls()
    const { findings } = await profileMade(made)
    // One call tells that the model is away; the other summary does not wait for it.
    expect(made.calls() - calls).toBe(1)
    expect(findings).toEqual([{ kind: 'not-summarised', count: 2, message: expect.stringContaining('MODEL_UNREACHABLE') as string }])
    expect((await metadataOf(made.storage)).column_statistics).toHaveLength(4)
    expect(await reportOf(made)).toContain('No summary yet')
    expect(await isDue(made)).toBe(true)
    isAway = false
    expect(await profileMade(made)).toEqual({ findings: [] })
    expect(await isDue(made)).toBe(false)
    expect(await reportOf(made)).not.toContain('No summary yet')
    expect((await metadataOf(made.storage)).parquetry).not.toHaveProperty('summaries_missing')
  })

  it('asks nobody where no profiler is asked for, and has the distributions all the same', async () => {
    const made = await makeJudged(createMemoryStorage(), { config: { ...JUDGED_CONFIG, profilers: null, parquetry: null } })
    const calls = made.calls()
    await profileMade(made)
    expect(made.calls()).toBe(calls)
    const [profile] = await profilesOf(made)
    expect(profile).toMatchObject({ column_name: 'verdict', summaries: {} })
    expect(profile?.score_distributions.histograms).toHaveProperty('tone')
  })
})

describe('statistics of model columns', () => {
  it('have tokens of answers and of the prompts rendered again, dropped inputs included', async () => {
    const made = await makeJudged(createMemoryStorage(), {
      answer: (request) => (judgedAnswer(request).startsWith('{') ? judgedAnswer(request) : 'x'.repeat(41)),
    })
    await profileMade(made)
    const statistics = (await metadataOf(made.storage)).column_statistics as readonly ColumnStatistics[]
    const text = statistics.find(({ column_name: name }) => name === 'text')!
    expect(text).toMatchObject({ output_tokens_mean: 11, output_tokens_median: 11, output_tokens_stddev: 0 })
    // "Be", two line ends, a secret of 4 characters, a mood of 3 or 4: 11 or 12 characters.
    expect(text).toMatchObject({ input_tokens_mean: 3, input_tokens_median: 3, input_tokens_stddev: 0 })
    expect(text.parquetry).toMatchObject({ tokens: 'estimated: characters / 4' })
    const verdict = statistics.find(({ column_name: name }) => name === 'verdict')!
    // With the schema that the judge is told.
    expect(verdict.input_tokens_median).toBeGreaterThan(100)
  })

  it('say -- of prompts that cannot be rendered again', async () => {
    const made = await makeJudged(createMemoryStorage())
    await made.storage.remove(keys.droppedColumnsFolder)
    await profileMade(made)
    const statistics = (await metadataOf(made.storage)).column_statistics as readonly ColumnStatistics[]
    expect(statistics.find(({ column_name: name }) => name === 'text')).toMatchObject({
      input_tokens_mean: '--',
      output_tokens_mean: expect.any(Number) as number,
    })
  })
})
