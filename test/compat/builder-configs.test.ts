import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findManagedPeople } from '../../src/client/managed-people.ts'
import { compileConfig } from '../../src/config/compile.ts'
import { parseText } from '../../src/config/parse-text.ts'
import { prepareConfig } from '../../src/config/prepare-config.ts'
import type { ConfigSources, PreparedConfig } from '../../src/config/prepare-config.ts'
import { applyProvider, parsedConfigOf } from '../../src/config/sources.ts'
import type { Preview } from '../../src/dataset/row-group/preview.ts'
import { isParquetryError } from '../../src/errors.ts'
import { defineColumnGenerator } from '../../src/index.ts'
import { previewInMemory } from '../../src/worker/preview-in-memory.ts'
import { openWorkshop, rowsOf } from '../helpers/datasets.ts'
import type { Workshop } from '../helpers/datasets.ts'

/**
 * What is refused of what DataDesigner's builder writes, with what is said. README shows this list. A kind that works from now on only
 * loses its line here.
 */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'custom.yaml': [unregistered(1, 'shout_topic'), unregistered(2, 'rank_topics')],
  'profilers.json': ['profilers: profilers are not supported yet'],
  'tools.yaml': [
    'tool_configs: tool calls (tool_configs) are not supported yet',
    'columns[1].tool_alias: tool calls (tool_alias) are not supported yet',
  ],
  'validation-local.json': ['columns[2].column_type: "validation": validation columns are not supported yet'],
  'validation-python.yaml': ['columns[2].column_type: "validation": validation columns are not supported yet'],
  'validation-remote.yaml': ['columns[1].column_type: "validation": validation columns are not supported yet'],
  'validation-several.json': ['columns[3].column_type: "validation": validation columns are not supported yet'],
  'validation-sql.yaml': ['columns[2].column_type: "validation": validation columns are not supported yet'],
}

/** What is only compiled, since running it asks somebody who is not here. */
const NEEDS_OTHERS: Readonly<Record<string, string>> = {
  'seed-hf.yaml': 'the Hugging Face hub',
  'tools.yaml': 'MCP servers',
  'validation-remote.yaml': 'an endpoint',
}

function unregistered(index: number, name: string): string {
  return (
    `columns[${index}].generator_function: expected the name of a registered column generator, found "${name}" (registered: none). ` +
    `Functions of Python cannot run here: write it in TypeScript with defineColumnGenerator, and give it as columnGenerators: { "${name}": … } or in a module with --extensions`
  )
}

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const configs = (await readdir(pathOf('configs'))).filter((name) => /\.(?:json|yaml)$/.test(name))
const env = { DATA_DESIGNER_MANAGED_ASSETS_PATH: pathOf('../fixtures/managed-assets') }

let homeFolder: string
let workshop: Workshop
beforeAll(async () => {
  homeFolder = await mkdtemp(join(tmpdir(), 'parquetry-compat-'))
  workshop = await openWorkshop()
}, 300_000)
afterAll(async () => {
  await workshop?.close()
  await rm(homeFolder, { recursive: true, force: true })
})

const sourcesOf = (more: Partial<ConfigSources> = {}): Partial<ConfigSources> => ({
  env,
  homeFolder,
  findPeople: findManagedPeople,
  ...more,
})

async function prepare(name: string, more: Partial<ConfigSources> = {}): Promise<PreparedConfig> {
  return await prepareConfig(pathOf(`configs/${name}`), sourcesOf(more))
}

async function preview(prepared: PreparedConfig, more: Partial<Parameters<typeof previewInMemory>[0]> = {}): Promise<Preview> {
  const { compiled, seedPlace } = prepared
  const referenceTime = '2026-01-31T00:00:00Z'
  return await previewInMemory({
    compiled,
    seedPlace,
    seed: '1',
    referenceTime,
    numRecords: 3,
    signal: new AbortController().signal,
    env,
    ...more,
  })
}

/** Errors as `path: message`. */
async function refusalOf(preparing: Promise<unknown>): Promise<readonly string[]> {
  const error = await preparing.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error === null || !isParquetryError(error)) throw error ?? new Error('expected a refusal, found none')
  return (error.details.problems ?? []).filter(({ level }) => level === 'error').map(({ path, message }) => `${path}: ${message}`)
}

describe('configs as DataDesigner’s builder writes them', () => {
  it.each(configs.filter((name) => !(name in REFUSED) && !(name in NEEDS_OTHERS)))('%s runs as it stands', async (name) => {
    const { records, dropped } = await preview(await prepare(name, { provider: 'rehearsal' }))
    expect(dropped).toEqual([])
    expect(records.length).toBe(3)
    expect(Object.keys(records[0]!.values)).not.toEqual([])
  })

  it.each(Object.entries(REFUSED))('%s is refused by name, with all that is wrong with it at once', async (name, messages) => {
    expect(await refusalOf(prepare(name))).toEqual(messages)
  })

  it.each(Object.keys(NEEDS_OTHERS).filter((name) => !(name in REFUSED)))('%s compiles', async (name) => {
    const parsed = parsedConfigOf(parseText(await readFile(pathOf(`configs/${name}`), 'utf8'), name))
    const column = { name: 'a', type: { kind: 'string' } } as const
    const seed = { schema: [column], rowCount: 1, contentHash: `sha256:${'0'.repeat(64)}`, files: [], notes: [] }
    expect(compileConfig(applyProvider(parsed, 'rehearsal'), { env, seed }).compiled.columns.length).toBeGreaterThan(1)
  })

  it('are asked at the providers of DataDesigner’s own file', async () => {
    const { compiled } = await prepare('model-columns.yaml', { providersFile: pathOf('model_providers.yaml') })
    expect(compiled.models['writer']!.target.provider).toMatchObject({
      endpoint: 'http://127.0.0.1:9/v1',
      apiKeyEnv: 'OPENAI_API_KEY',
      extraHeaders: { 'x-team': 'data' },
      extraBody: { store: false },
    })
  })

  it('run their custom columns once the functions are written in TypeScript under their names', async () => {
    const columnGenerators = {
      shout_topic: defineColumnGenerator({
        inputs: ['topic'],
        output: 'string',
        sideEffects: { topic_length: 'int64' },
        models: ['writer'],
        generate: ({ values }) => ({ loud: (values['topic'] as string).toUpperCase(), topic_length: (values['topic'] as string).length }),
      }),
      rank_topics: defineColumnGenerator<{ readonly descending: boolean }>({
        strategy: 'full_column',
        inputs: ['topic'],
        output: 'double',
        generate: (rows, { params }) => rows.map((_row, place) => ({ rank: params.descending ? rows.length - place : place + 1 })),
      }),
    }
    const { records } = await preview(await prepare('custom.yaml', { provider: 'rehearsal', columnGenerators }), {
      columnGenerators,
      numRecords: 30,
    })
    for (const [place, { values }] of records.entries()) {
      const topic = values['topic'] as string
      expect(values).toEqual({
        topic,
        loud: topic === 'caching' ? 'hush' : topic.toUpperCase(),
        topic_length: topic === 'caching' ? null : topic.length,
        rank: 30 - place,
      })
    }
  })

  it('are made into datasets: models, skipped cells, traces, dropped columns and processors in one run', async () => {
    const prepared = await prepare('model-columns.yaml', { provider: 'rehearsal' })
    const run = await workshop.client.start(prepared, {
      artifactPath: workshop.artifactPath,
      datasetName: 'compat',
      numRecords: 6,
      bufferSize: 3,
      seed: 1,
      taskQueue: 'own',
    })
    const result = await workshop.withWorker(run, () => run.result())
    expect(result).toMatchObject({ state: 'complete', totals: { rowsWritten: 6, rowsDropped: 0 } })
    const rows = await rowsOf(run.location)
    expect(Object.keys(rows[0]!)).toEqual(prepared.compiled.schema.map(({ name }) => name))
    expect(Object.keys(rows[0]!)).not.toContain('stars')
  })
})
