/**
 * The processor `deduplicate`: of rows that say the same only the first is kept, in the order of the rows.
 *
 * Exact: same values in the chosen columns. 40 bytes a row at most. Near: texts whose shingles are at least `threshold` alike, by
 * MinHash; a row is compared with kept rows only. About 350 bytes a row at a threshold of 0.8 (see `NearIndex`). Rows without any text
 * are kept.
 */
import { createHash } from 'node:crypto'
import type { DeduplicateConfig } from '../../../config/schema-dataset-processors.ts'
import { HashIndex, jsonOf, NearIndex, SIGNATURE_SIZE, signatureOf } from '../../../processors/index.ts'
import type { Schema, Value } from '../../../values.ts'
import type { DatasetTables, ProcessorOutput } from '../../ports.ts'
import { gather, giveWay, partsOf, TURN_ROWS } from './files.ts'

/** For each row the position of the row it repeats, + 1; 0 for a row that is kept. */
interface Repetitions {
  readonly of: Uint32Array
  /** Of near duplicates. */
  readonly similarity: Float32Array | null
}

/** Remembers rows; answers which one a row repeats. */
type Judge = (values: readonly Value[], row: number) => { readonly row: number; readonly similarity?: number } | null

/** Runs it: rows kept as `part-NNNNN.parquet`, and `_duplicates.jsonl` with the position of each row left out and of the one it repeats. */
export async function* deduplicate(config: DeduplicateConfig, tables: DatasetTables, schema: Schema): AsyncGenerator<ProcessorOutput> {
  const names = config.columns ?? schema.map(({ name }) => name)
  const { rows } = await tables.size()
  const repetitions = await findRepetitions(config, names, tables, rows)
  const all = tables.select(schema.map(({ name }) => name))
  yield* partsOf(
    schema,
    gather(schema, all, (position) => repetitions.of[position] === 0),
  )
  yield { name: '_duplicates.jsonl', bytes: linesOf(repetitions) }
}

async function findRepetitions(
  config: DeduplicateConfig,
  names: readonly string[],
  tables: DatasetTables,
  rows: number,
): Promise<Repetitions> {
  const isNear = config.method === 'near'
  const repetitions = { of: new Uint32Array(rows), similarity: isNear ? new Float32Array(rows) : null }
  const judge = isNear ? nearJudge(rows, config.threshold) : exactJudge(rows)
  let first = 0
  for await (const table of tables.select(names)) {
    const columns = names.map((name) => table.columns.get(name) ?? [])
    for (let position = 0; position < table.rowCount; position += 1) {
      if (position % TURN_ROWS === TURN_ROWS - 1) await giveWay()
      const found = judge(
        columns.map((column) => column[position] ?? null),
        first + position,
      )
      if (found === null) continue
      repetitions.of[first + position] = found.row + 1
      if (repetitions.similarity !== null) repetitions.similarity[first + position] = found.similarity ?? 1
    }
    first += table.rowCount
  }
  return repetitions
}

/** By 128 bits of SHA-256: among a thousand million rows, two that differ are taken for the same with a chance of 1 in 10^21. */
function exactJudge(rows: number): Judge {
  const index = new HashIndex(rows)
  return (values, row) => {
    const first = index.firstOf(createHash('sha256').update(jsonOf(values)).digest(), row)
    return first === null ? null : { row: first }
  }
}

function nearJudge(rows: number, threshold: number): Judge {
  const index = new NearIndex(rows, threshold)
  const signature = new Uint8Array(SIGNATURE_SIZE)
  const minima = new Int32Array(SIGNATURE_SIZE)
  return (values, row) => {
    const texts = values.map((value) => (typeof value === 'string' ? value : null))
    return signatureOf(texts, signature, minima) ? index.findOrKeep(signature, row) : null
  }
}

/** Lines in memory at once. */
const LINES = 10_000

async function* linesOf({ of, similarity }: Repetitions): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for (let start = 0; start < of.length; start += LINES) {
    const lines: string[] = []
    for (let row = start; row < Math.min(of.length, start + LINES); row += 1) {
      if (of[row] === 0) continue
      const more = similarity === null ? {} : { similarity: Math.round(similarity[row]! * 1000) / 1000 }
      lines.push(`${JSON.stringify({ row, duplicate_of: of[row]! - 1, ...more })}\n`)
    }
    if (lines.length > 0) yield encoder.encode(lines.join(''))
  }
}
