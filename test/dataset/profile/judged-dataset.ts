/** A dataset with a judge, for tests of what is said of it. */
import { createHash } from 'node:crypto'
import type { OpenDataset } from '../../../src/dataset/open-dataset.ts'
import type { ProfileResult } from '../../../src/contract.ts'
import { readMetadata } from '../../../src/dataset/metadata.ts'
import type { Metadata } from '../../../src/dataset/metadata.ts'
import { profileDataset } from '../../../src/dataset/profile/profile-dataset.ts'
import type { ChatRequest } from '../../../src/model/client.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { prepareMade } from '../made-dataset.ts'
import type { MadeDataset, MakeOptions } from '../made-dataset.ts'

/** Markup that must never become any. */
export const EVIL =
  '<script>document.title = "run"; console.error("run")</script><img src="http://127.0.0.1:9/x.png" onerror="console.error(1)">'

const PROVIDER = { name: 'stub', endpoint: 'http://127.0.0.1:9/v1', provider_type: 'openai' }

/** Samplers, a text and its judge, a dropped column that the text's prompt needs, and a profiler. */
export const JUDGED_CONFIG = {
  columns: [
    { name: 'mood', column_type: 'sampler', sampler_type: 'category', params: { values: ['glad', 'sad'] } },
    { name: 'price', column_type: 'sampler', sampler_type: 'gaussian', params: { mean: 10, stddev: 3 } },
    { name: 'secret', column_type: 'sampler', sampler_type: 'category', params: { values: ['1234', '5678'] }, drop: true },
    { name: 'text', column_type: 'llm-text', model_alias: 'writer', prompt: '{{ secret }}{{ mood }}', system_prompt: 'Be' },
    {
      name: 'verdict',
      column_type: 'llm-judge',
      model_alias: 'writer',
      prompt: 'Judge {{ text }} at {{ price }}',
      scores: [
        { name: 'tone', description: 'Its tone', options: { 1: 'bad', 2: 'fair', 3: 'good' } },
        { name: 'fit', description: 'Does it fit?', options: { No: 'no', Yes: 'yes' } },
      ],
    },
  ],
  profilers: [{ model_alias: 'summariser', summary_score_sample_size: 5 }],
  model_configs: [
    { alias: 'writer', model: 'stub-1', provider: 'stub' },
    { alias: 'summariser', model: 'stub-2', provider: 'stub' },
  ],
  model_providers: [PROVIDER],
  parquetry: { prices: { summariser: { input_per_million: 1_000_000, output_per_million: 0, currency: 'USD' } } },
}

/** Answers of both models; a text holds markup. */
export function judgedAnswer({ model, messages }: ChatRequest): string {
  const prompt = messages.at(-1)?.content ?? ''
  if (model === 'stub-2') return `A summary ${EVIL}`
  if (!prompt.startsWith('Judge')) return `${EVIL} ${prompt}`
  const number = createHash('sha256').update(prompt).digest()[0] ?? 0
  return JSON.stringify({
    tone: { reasoning: `reason ${number} ${EVIL}`, score: 1 + (number % 3) },
    fit: { reasoning: `fits ${number}`, score: number % 2 === 0 ? 'Yes' : 'No' },
  })
}

/** A judged dataset, all rows made. */
export async function makeJudged(storage: Storage, options: MakeOptions = {}): Promise<MadeDataset> {
  const made = await prepareMade(storage, { config: JUDGED_CONFIG, answer: judgedAnswer, numRecords: 30, bufferSize: 10, ...options })
  await made.finish([await made.generate(0), await made.generate(1), await made.generate(2)])
  return made
}

/** Profiles it as the activity does. */
export async function profileMade(made: MadeDataset, dataset?: OpenDataset): Promise<ProfileResult> {
  const metadata = await metadataOf(made.storage)
  const options = { epoch: metadata.parquetry.epoch, signal: new AbortController().signal, models: made.ports.models, log: () => undefined }
  return await profileDataset(dataset ?? (await made.open()), options)
}

/** Its checkpoint. */
export async function metadataOf(storage: Storage): Promise<Metadata> {
  const reading = await readMetadata(storage)
  if (reading.kind !== 'ours') throw new Error(reading.kind)
  return reading.value
}
