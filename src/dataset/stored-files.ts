/** The config of a dataset as it stands in its folder: `builder_config.json` and `parquetry.json`. */
import type { CompiledDataset } from '../config/compiled.ts'
import { compileStored } from '../config/stored.ts'
import { isParquetryError, ParquetryError } from '../errors.ts'
import type { Storage } from '../storage/storage.ts'
import { keys } from './layout.ts'

/** The config as it was prepared, compiled again. Throws `DATASET_DAMAGED`, `CONFIG_INVALID`. */
export async function readStored(storage: Storage): Promise<CompiledDataset> {
  return compileStored(await readJson(storage, keys.builderConfig), await readJson(storage, keys.parquetryFile))
}

/** A JSON object of the folder. Throws `DATASET_DAMAGED`. */
export async function readJson(storage: Storage, key: string): Promise<object> {
  const reading = await tryReadJson(storage, key)
  if (typeof reading === 'object') return reading
  throw new ParquetryError(
    'DATASET_DAMAGED',
    `expected ${storage.describe()}/${key} to hold JSON, found ${reading === 'absent' ? 'no such file' : 'something else'}`,
    { wayOut: 'give the config again: create CONFIG --resume always writes the file anew' },
  )
}

/** As `readJson`, but says what is wrong instead of throwing. */
export async function tryReadJson(storage: Storage, key: string): Promise<object | 'absent' | 'damaged'> {
  const bytes = await storage.read(key)
  if (bytes === null) return 'absent'
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : 'damaged'
  } catch {
    return 'damaged'
  }
}

/** The compiled config and the reference time of the folder, as far as its files tell; null for what they do not. */
export interface StoredFacts {
  readonly compiled: CompiledDataset | null
  /** ISO 8601, UTC. */
  readonly referenceTime: string | null
  readonly seed: string | null
  /** True when row groups of DataDesigner were taken over (ruling 7). */
  readonly isAdopted: boolean
}

/** Reads what can be read; never throws for what the files hold. */
export async function readStoredFacts(storage: Storage): Promise<StoredFacts> {
  const settings = await tryReadJson(storage, keys.parquetryFile)
  const { reference_time, seed, adopted } = (typeof settings === 'object' ? settings : {}) as Readonly<Record<string, unknown>>
  return {
    compiled: await readStored(storage).catch((error: unknown) => {
      if (isParquetryError(error) && error.kind === 'user') return null
      throw error
    }),
    referenceTime: typeof reference_time === 'string' ? reference_time : null,
    seed: typeof seed === 'string' ? seed : null,
    isAdopted: adopted === true,
  }
}
