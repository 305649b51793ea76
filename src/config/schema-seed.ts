/** zod schemas of `seed_config` and of the columns it brings. */
import { z } from 'zod'
import { encodingNamed } from '../seed/encodings.ts'

/** A name, not a path. */
const FILE_PATTERN = /^(?=.*\S)[^/\\]*$/s

const folder = {
  path: z.string().regex(/\S/).describe('A folder.'),
  file_pattern: z.string().regex(FILE_PATTERN).default('*').describe('Shell pattern of file names, case-sensitive; no slashes.'),
  recursive: z.boolean().default(true).describe('Look into folders below, too.'),
} as const

/** Source type → schema of the source. */
export const seedSources = {
  local: z.strictObject({
    seed_type: z.literal('local'),
    path: z.string().min(1).describe('A file (parquet, csv, json, jsonl), a pattern such as data/*.csv, or a folder of such files.'),
  }),
  hf: z.strictObject({
    seed_type: z.literal('hf'),
    path: z
      .string()
      .regex(/^datasets\/[^/]+\/[^/]+\/.+$/)
      .describe('datasets/<owner>/<name>/<file or pattern>.'),
    token: z.string().nullable().default(null).describe('Name of the environment variable that holds the token.'),
    endpoint: z.url({ protocol: /^https?$/ }).default('https://huggingface.co'),
  }),
  directory: z.strictObject({ seed_type: z.literal('directory'), ...folder }),
  file_contents: z.strictObject({
    seed_type: z.literal('file_contents'),
    ...folder,
    encoding: z
      .string()
      .refine((name) => encodingNamed(name) !== null, 'the name of a text encoding, e.g. utf-8 or latin-1')
      .default('utf-8'),
  }),
  agent_rollout: z
    .strictObject({
      seed_type: z.literal('agent_rollout'),
      format: z.enum(['atif', 'claude_code', 'codex', 'hermes_agent', 'pi_coding_agent']).describe('What the sessions were written by.'),
      path: folder.path.nullable().default(null).describe("A folder. Default: the agent's own below the home folder; atif has none."),
      file_pattern: z
        .string()
        .regex(FILE_PATTERN)
        .nullable()
        .default(null)
        .describe('Shell pattern of file names, case-sensitive; no slashes. Default: *.jsonl, for atif *.json, for hermes_agent *.json*.'),
      recursive: folder.recursive,
    })
    .refine(({ format, path }) => format !== 'atif' || path !== null, {
      path: ['path'],
      error: 'a folder, for trajectories of atif have no place of their own',
    }),
} as const

const source = z.discriminatedUnion('seed_type', [
  seedSources.local,
  seedSources.hf,
  seedSources.directory,
  seedSources.file_contents,
  seedSources.agent_rollout,
])

/** Rows start to end of the seed data, both included. */
export const indexRange = z
  .strictObject({ start: z.int().min(0), end: z.int().min(0) })
  .refine(({ start, end }) => start <= end, 'a range whose start is not after its end')
/** One of equal parts of the seed data; the last one takes what is left over. */
export const partitionBlock = z
  .strictObject({ index: z.int().min(0).default(0), num_partitions: z.int().min(1).default(1) })
  .refine(({ index, num_partitions }) => index < num_partitions, 'an index below num_partitions')

const strategies = {
  sampling_strategy: z.enum(['ordered', 'shuffle']).default('ordered').describe('In the order of the file, or shuffled by the seed.'),
  selection_strategy: z.union([indexRange, partitionBlock]).nullable().default(null),
} as const

/** `seed_config`, for editors. */
export const seedConfig = z.strictObject({ source, ...strategies })
/** `seed_config` around its source, which is read by its own type; the strategy likewise. */
export const seedConfigFrame = z.strictObject({
  source: z.record(z.string(), z.unknown()),
  sampling_strategy: strategies.sampling_strategy,
  selection_strategy: z.record(z.string(), z.unknown()).nullable().default(null),
})

/** `seed_config` as read. */
export type SeedConfig = z.output<typeof seedConfig>
