/**
 * DataDesigner's managed people, read in place: `datasets/<locale>.parquet` below its managed assets, one person a row. A file is read
 * once for each kind of people wanted; those that fit go to a spool, so that memory holds one row group of the file and an offset a person.
 */
import { createHash } from 'node:crypto'
import type { OpenPeople, PeoplePool, PeopleRequest } from '../../columns/sampler/people.ts'
import type { FoundPeople } from '../../config/check-people.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { ByteSource } from '../../parquet/byte-source.ts'
import { readFileMetadata, readFooter } from '../../parquet/read-footer.ts'
import { readTable } from '../../parquet/read-table.ts'
import { PERSONA_FIELDS, PII_FIELDS } from '../../plan/people.ts'
import type { PeopleSource } from '../../plan/people.ts'
import type { Spool } from '../../storage/spool.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Field, Value } from '../../values.ts'
import { sourceOf } from '../source-of.ts'

const keyOf = (locale: string): string => `datasets/${locale}.parquet`

/** What the folder of managed assets has of these locales. Reads footers only. */
export async function findPeople(folder: Storage, locales: readonly string[]): Promise<FoundPeople> {
  const found = await Promise.all(locales.map(async (locale) => [locale, await describePeople(folder, locale)] as const))
  return Object.fromEntries(found)
}

async function describePeople(folder: Storage, locale: string): Promise<FoundPeople[string]> {
  const place = `${folder.describe()}/${keyOf(locale)}`
  const source = await sourceOf(folder, keyOf(locale))
  if (source === null) return { kind: 'absent', found: `no file ${place}` }
  try {
    return await sourceDescription(source)
  } catch (error) {
    if (!isParquetryError(error) || error.code !== 'DATASET_DAMAGED') throw error
    return { kind: 'absent', found: `a file that is no readable parquet: ${place}` }
  }
}

async function sourceDescription(source: ByteSource): Promise<Extract<PeopleSource, { kind: 'managed' }>> {
  const { schema, footerStart } = await readFooter(source)
  const hash = createHash('sha256').update(`${source.byteLength}\n`)
  const digest = hash.update(await source.slice(footerStart, source.byteLength)).digest('hex')
  const byName = new Map(schema.map((field) => [field.name, field]))
  const fields = [...PII_FIELDS, ...PERSONA_FIELDS].flatMap((name): Field[] => {
    const field = byName.get(name)
    if (field === undefined) return []
    // a cell of a person is JSON-safe
    return [field.type.kind === 'timestamp' ? { name, type: { kind: 'string' } } : field]
  })
  return { kind: 'managed', digest: `sha256:${digest}`, fields }
}

/** How the people found are kept. */
export interface PeopleKeeping {
  /** The folder of managed assets. */
  readonly folder: Storage
  /** A new spool; null when people are only counted, not drawn. */
  readonly createSpool: (() => Spool) | null
}

/** Pools remembered; one that is forgotten stays with the datasets that draw from it. */
const MAX_POOLS = 64

/** Opens people; equal requests share a pool. */
export function createOpenPeople({ folder, createSpool }: PeopleKeeping): OpenPeople {
  const pools = new Map<string, Promise<PeoplePool>>()
  return (request) => {
    const key = JSON.stringify(request)
    const known = pools.get(key)
    if (known !== undefined) return known
    const pool = openPool(folder, request, createSpool?.() ?? null)
    pools.set(key, pool)
    if (pools.size > MAX_POOLS) pools.delete(pools.keys().next().value!)
    // A file that is not there may come later.
    pool.catch(() => pools.delete(key))
    return pool
  }
}

/** Rows between two turns of the event loop, for heartbeats. */
const ROWS_A_TURN = 4_096

async function openPool(folder: Storage, request: PeopleRequest, spool: Spool | null): Promise<PeoplePool> {
  const source = await requireSource(folder, request)
  const filters = Object.entries(request.filters).map(([field, values]) => [field, new Set(values)] as const)
  const filterFields = [...new Set(['age', ...filters.map(([field]) => field)])]
  const columns = spool === null ? filterFields : [...new Set([...filterFields, ...request.fields])]
  const isGerman = request.locale === 'de_DE'
  let size = 0
  let rowStart = 0
  for (const { num_rows: rows } of (await readFileMetadata(source)).row_groups) {
    const rowEnd = rowStart + Number(rows)
    const { table } = await readTable(source, { columns, rowStart, rowEnd })
    if (isGerman) table.columns.get('sex')?.forEach((sex, row, all) => ((all as Value[])[row] = GERMAN_SEX.get(sex) ?? sex))
    for (let row = 0; row < table.rowCount; row++) {
      if (row % ROWS_A_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve))
      const at = (field: string): Value => table.columns.get(field)![row] ?? null
      const age = at('age')
      if (age === null || Number(age) < request.ages[0] || Number(age) > request.ages[1]) continue
      if (!filters.every(([field, values]) => at(field) !== null && values.has(textOf(at(field))))) continue
      size += 1
      spool?.append(JSON.stringify(request.fields.map(at), jsonSafe))
    }
    rowStart = rowEnd
  }
  return {
    size,
    at(index) {
      if (spool === null)
        throw new ParquetryError('INTERNAL', 'expected people that were kept to draw from, found people that were counted')
      const values = JSON.parse(spool.read(index)) as readonly Value[]
      return Object.fromEntries(request.fields.map((field, place) => [field, values[place] ?? null]))
    },
  }
}

/** A value as configs write it; lists and groups have no such form and are never selected. */
function textOf(value: Value): string {
  return typeof value === 'object' ? '' : String(value)
}

/** The German file says it in German; configs and cells say it in English, as in DataDesigner. */
const GERMAN_SEX: ReadonlyMap<Value, string> = new Map([
  ['Weiblich', 'Female'],
  ['Männlich', 'Male'],
])

function jsonSafe(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}

/** The file that the dataset was prepared with, and no other: other people would be other rows. */
async function requireSource(folder: Storage, { locale, digest }: PeopleRequest): Promise<ByteSource> {
  const place = `${folder.describe()}/${keyOf(locale)}`
  const wayOut = 'let DATA_DESIGNER_MANAGED_ASSETS_PATH of every worker name the folder that the run was started with'
  const source = await sourceOf(folder, keyOf(locale))
  if (source === null) throw new ParquetryError('STORAGE_FAILED', `expected managed people in ${place}, found no such file`, { wayOut })
  if ((await sourceDescription(source)).digest === digest) return source
  throw new ParquetryError('STORAGE_FAILED', `expected the managed people that the dataset began with in ${place}, found another file`, {
    wayOut,
  })
}
