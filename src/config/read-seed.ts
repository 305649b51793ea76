/** Reads `seed_config`: the kinds of its source and of its strategy are told first, so that a mistake is named where it is. */
import type { SeedSource } from '../seed/source.ts'
import { describe, readPart } from './issues.ts'
import { isMapping } from './paths.ts'
import type { Path } from './paths.ts'
import { createReport } from './problems.ts'
import type { Report } from './problems.ts'
import { indexRange, partitionBlock, seedConfigFrame, seedSources } from './schema-seed.ts'
import type { SeedConfig } from './schema-seed.ts'
import { suggest } from './suggest.ts'

/** Where `seed_config` stands, in both forms of a config. */
export const SEED_PATH: Path = ['seed_config']
/** Where problems of the data itself are reported. */
export const SEED_DATA_PATH: Path = ['seed_config', 'source', 'path']

/** What is wrong with it is reported; null then, and where there is none. */
export function readSeedConfig(value: unknown, report: Report): SeedConfig | null {
  if (value === undefined || value === null) return null
  const frame = readPart(seedConfigFrame, value, SEED_PATH, report)
  const { source: rawSource, selection_strategy: rawSelection } = isMapping(value) ? value : {}
  const source = readSource(rawSource, [...SEED_PATH, 'source'], report)
  const selection = readSelection(rawSelection, [...SEED_PATH, 'selection_strategy'], report)
  if (frame === null || source === null || selection === undefined) return null
  return { source, sampling_strategy: frame.sampling_strategy, selection_strategy: selection }
}

/** The `seed_config` of a config file's value, when it can be read: its data are looked at before the config is compiled. */
export function seedConfigOf(config: unknown): SeedConfig | null {
  const root = isMapping(config) && isMapping(config['data_designer']) ? config['data_designer'] : config
  return isMapping(root) ? readSeedConfig(root['seed_config'], createReport()) : null
}

const KNOWN_TYPES = Object.keys(seedSources)

function readSource(value: unknown, path: Path, report: Report): SeedSource | null {
  // The frame says what is wrong with anything else.
  if (!isMapping(value)) return null
  const type = value['seed_type']
  const place = [...path, 'seed_type']
  switch (type) {
    case 'local':
    case 'directory':
    case 'file_contents':
    case 'agent_rollout':
      return readPart(seedSources[type], value, path, report)
    case 'hf':
      return withoutToken(readPart(seedSources.hf, value, path, report), path, report)
    case 'df':
      report.error(
        place,
        'a DataFrame in memory cannot stand in a config; write it to a parquet file, e.g. with LocalFileSeedSource.from_dataframe, and use seed_type: local',
      )
      return null
    default: {
      const hint = typeof type === 'string' ? suggest(type, KNOWN_TYPES) : ''
      report.error(
        place,
        `expected one of ${KNOWN_TYPES.join(', ')}, found ${type === undefined ? 'nothing' : describe(type, place)}${hint}`,
      )
      return null
    }
  }
}

/** A token in a config would travel with it; only the name of its variable may stand there. */
function withoutToken(source: Extract<SeedSource, { seed_type: 'hf' }> | null, path: Path, report: Report): SeedSource | null {
  if (source === null || source.token === null || /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(source.token)) return source
  report.error(
    [...path, 'token'],
    'expected the name of an environment variable such as HF_TOKEN, found something else (not shown); put the token in the environment and name the variable here',
  )
  return null
}

/** Undefined when it cannot be read. */
function readSelection(value: unknown, path: Path, report: Report): SeedConfig['selection_strategy'] | undefined {
  if (value === undefined || value === null) return null
  if (!isMapping(value)) return undefined
  const isRange = 'start' in value || 'end' in value
  return readPart(isRange ? indexRange : partitionBlock, value, path, report) ?? undefined
}
