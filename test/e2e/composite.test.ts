import { copyFile, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkerOptions } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { CompositeHandle } from '../../src/client/composite-handle.ts'
import type { CreateCompositeOptions } from '../../src/client/start-composite.ts'
import type { CompositeInput } from '../../src/composite/compile-composite.ts'
import type { CompositeResult } from '../../src/composite-contract.ts'
import { ensureBuilt } from '../cli/helpers.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, QUICK_RUN, rowsOf, until } from '../helpers/datasets.ts'
import type { MoodyModel } from '../helpers/moody-model.ts'
import { startMoodyModel } from '../helpers/moody-model.ts'
import { startWorkerProcess } from './worker-process.ts'

let workshop: Workshop
let model: MoodyModel
let temporal: Partial<WorkerOptions>
beforeAll(async () => {
  ensureBuilt()
  workshop = await openWorkshop()
  // Bundled once for all workers of this file.
  const workflowBundle = { codePath: fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url)) }
  temporal = { workflowsPath: undefined, workflowBundle } as object
  model = await startMoodyModel(20)
}, 180_000)
afterAll(async () => {
  await workshop?.close()
  await model?.close()
})

async function start(input: CompositeInput, options: CreateCompositeOptions = {}): Promise<CompositeHandle> {
  const { artifactPath } = workshop
  return await workshop.client.createComposite(input, { artifactPath, taskQueue: 'own', run: QUICK_RUN, ...options })
}

async function make(input: CompositeInput, options: CreateCompositeOptions = {}): Promise<CompositeResult> {
  const run = await start(input, options)
  return await workshop.withWorker(run, () => run.result(), { temporal })
}

interface Wording {
  readonly topics?: number
  readonly questions?: number
  readonly ask?: string
}

/** Four topics, eight questions on them, and an answer to each. */
function exam(name: string, { topics = 4, questions = 8, ask = 'Ask' }: Wording = {}): object {
  const config = (column: string, prompt: string): object => ({
    columns: [
      { name: `${column}_id`, column_type: 'sampler', sampler_type: 'uuid', params: {} },
      { name: column, column_type: 'llm-text', model_alias: 'm', prompt: `${prompt} ({{ ${column}_id }})` },
    ],
    model_configs: [{ alias: 'm', model: 'stub', provider: 'moody', inference_parameters: { max_parallel_requests: 4 } }],
    model_providers: [{ name: 'moody', endpoint: model.endpoint, provider_type: 'openai' }],
    parquetry: { seed: 7, buffer_size: 4 },
  })
  return {
    name,
    stages: [
      { name: 'topics', num_records: topics, config: config('topic', 'Name a topic') },
      { name: 'questions', num_records: questions, config: config('question', `${ask} about {{ topic }}`) },
      { name: 'answers', config: config('answer', 'Answer {{ question }} {{ question_id }}') },
    ],
  }
}

const made = ({ stages }: CompositeResult): object =>
  Object.fromEntries(stages.map(({ name, state, generated }) => [name, [state, generated]]))
const paid = async (work: () => Promise<unknown>): Promise<number> => {
  const before = model.paid()
  await work()
  return model.paid() - before
}
const readMetadata = async (location: string): Promise<{ stages: Record<string, unknown>[] }> =>
  JSON.parse(await readFile(join(location, 'workflow-metadata.json'), 'utf8')) as { stages: Record<string, unknown>[] }

describe('a composite', () => {
  it(
    'leaves unchanged stages as they are, and makes a changed one and what follows from it again, beside the old folders',
    { timeout: 60_000 },
    async () => {
      expect(await paid(() => make(exam('changing')))).toBe(4 + 8 + 8)
      let again: CompositeResult | undefined
      expect(await paid(async () => (again = await make(exam('changing'), { resume: 'always' })))).toBe(0)
      expect(again).toMatchObject({ state: 'complete', generated: false, totals: { rowsWritten: 20 } })
      expect(made(again!)).toEqual({ topics: ['unchanged', false], questions: ['unchanged', false], answers: ['unchanged', false] })

      const changed = exam('changing', { ask: 'Inquire' })
      await expect(start(changed, { resume: 'always' })).rejects.toMatchObject({
        code: 'RESUME_INCOMPATIBLE',
        message: expect.stringContaining('stage "questions" (question)'),
      })
      // The target is as far as it goes.
      expect(await paid(async () => (again = await make(changed, { targets: ['questions'] })))).toBe(8)
      expect(made(again!)).toEqual({ topics: ['unchanged', false], questions: ['complete', true] })
      expect(again!.stages[1]!.note).toMatch(/differs .* in question; the old folder is kept as stage-1-questions_\d\d-\d\d-\d{4}_\d{6}/)
      const kept = (await readdir(again!.location)).find((name) => name.startsWith('stage-1-questions_'))
      expect((await rowsOf(join(again!.location, kept!))).length).toBe(8)
      // More records extend a stage, which keeps its rows. The answers' own config is the same, but not the rows they were made from.
      expect(await paid(async () => (again = await make(exam('changing', { ask: 'Inquire', questions: 12 }))))).toBe(4 + 12)
      expect(made(again!)).toEqual({ topics: ['unchanged', false], questions: ['complete', true], answers: ['complete', true] })
      // A file that is no row group does not become rows of the next stage unnoticed.
      const rowGroups = join(again!.location, 'stage-0-topics', 'parquet-files')
      await copyFile(join(rowGroups, 'batch_00000.parquet'), join(rowGroups, 'batch_00000_extra.parquet'))
      await expect(make(exam('changing', { ask: 'Inquire', questions: 12 }))).rejects.toMatchObject({
        code: 'SEED_DATA_UNREADABLE',
        message: expect.stringContaining('stage "questions": expected nothing but row groups in'),
      })
    },
  )

  it(
    'waits as its stage waits, passes messages on to it, and goes on after a stop without repeating a call',
    { timeout: 60_000 },
    async () => {
      const before = { paid: model.paid() }
      const input = exam('stopped', { ask: 'Wonder', questions: 24 })
      model.fallAfter(before.paid + 4 + 4, 401)
      const run = await start(input)
      const result = await workshop.withWorker(
        run,
        async () => {
          await until(async () => (await run.readProgress().catch(() => null))?.state === 'waiting')
          const progress = await run.readProgress()
          expect(progress.blocked).toMatchObject({ code: 'MODEL_KEY_MISSING' })
          expect(progress.stages.map(({ state }) => state)).toEqual(['complete', 'waiting', 'pending'])
          expect(progress.datasetName).toBe('stopped: questions')
          await run.pause()
          await until(async () => (await run.readProgress()).stages[1]?.state === 'paused')
          await model.setMood('well')
          model.fallAfter(before.paid + 4 + 12, 401)
          await run.resume()
          await until(async () => model.paid() >= before.paid + 16 && (await run.readProgress()).state === 'waiting')
          await run.stop()
          return await run.result()
        },
        { temporal },
      )
      expect(result.state).toBe('stopped')
      expect(result.stages.map(({ state }) => state)).toEqual(['complete', 'stopped', 'pending'])
      expect((await readMetadata(result.location)).stages.map(({ status }) => status)).toEqual(['completed', 'running'])
      await model.setMood('well')
      expect(made(await make(input))).toEqual({
        topics: ['unchanged', false],
        questions: ['complete', true],
        answers: ['complete', true],
      })
      expect(model.paid() - before.paid).toBe(4 + 24 + 24)
    },
  )

  it('whose worker is killed in its second stage goes on there, and repeats at most the calls in flight', { timeout: 60_000 }, async () => {
    const before = { paid: model.paid() }
    const input = exam('killed', { ask: 'Kill', questions: 24 })
    const run = await start(input, { run: { ...QUICK_RUN, heartbeatTimeoutMs: 1_500 } })
    const address = inject('temporalAddress')
    const first = await startWorkerProcess(address, run.taskQueue)
    await until(() => model.paid() - before.paid >= 4 + 8)
    await first.kill()
    const second = await startWorkerProcess(address, run.taskQueue)
    const result = await run.result()
    await second.terminate()
    expect(made(result)).toEqual({ topics: ['complete', true], questions: ['complete', true], answers: ['complete', true] })
    expect(model.paid() - before.paid).toBeLessThanOrEqual(4 + 24 + 24 + 4)
    expect((await rowsOf(join(result.location, 'stage-2-answers'))).length).toBe(24)
  })

  it(
    'ends incomplete where a stage does, and begins nothing that follows; a stage whose rows may all be missing skips what follows',
    { timeout: 60_000 },
    async () => {
      const column = { name: 'nothing', column_type: 'expression', expr: "{{ '' }}" }
      const failing = (parquetry: object, more: object): object => ({
        name: 'dropping',
        stages: [
          { name: 'ids', config: { columns: [{ name: 'id', column_type: 'sampler', sampler_type: 'uuid', params: {} }] } },
          { name: 'none', config: { columns: [column], parquetry }, ...more },
          { name: 'after', config: { columns: [{ name: 'next', column_type: 'expression', expr: '{{ nothing }}' }] } },
        ],
      })
      const incomplete = await make(failing({}, {}))
      expect(incomplete).toMatchObject({ state: 'incomplete', totals: { rowsWritten: 10, rowsDropped: 10 } })
      expect(incomplete.stages.map(({ state }) => state)).toEqual(['complete', 'incomplete', 'pending'])
      expect((await readMetadata(incomplete.location)).stages.map(({ status }) => status)).toEqual(['completed', 'failed'])
      await expect(make(failing({ max_dropped: 10 }, {}))).rejects.toMatchObject({
        code: 'STAGE_EMPTY',
        message: expect.stringContaining('"none"'),
      })
      const empty = await make(failing({ max_dropped: 10 }, { allow_empty: true }), { rerunFrom: 'none' })
      expect(empty.state).toBe('complete')
      expect(empty.stages[1]!.note).toContain('it is made again, as asked; the old folder is kept as stage-1-none_')
      expect(empty.stages.map(({ state }) => state)).toEqual(['unchanged', 'empty', 'skipped'])
      expect((await readMetadata(empty.location)).stages).toMatchObject([
        { status: 'completed' },
        { status: 'completed_empty', output_records: 0 },
        { status: 'skipped_empty_upstream', upstream_stage: 'none' },
      ])
    },
  )
})
