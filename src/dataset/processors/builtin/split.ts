/**
 * The processor `split`: each row goes to one of several files, such as train, validation and test.
 *
 * Where a row goes depends on the seed and the values of the columns in `by` only: it stays there when the dataset grows, is shuffled or
 * repaired, and rows with the same values are never on both sides. So the sizes are the shares up to chance. One byte a row.
 */
import { createHash } from 'node:crypto'
import type { SplitConfig } from '../../../config/schema-dataset-processors.ts'
import { jsonOf } from '../../../processors/index.ts'
import type { Schema } from '../../../values.ts'
import type { DatasetTables, ProcessorOutput } from '../../ports.ts'
import { fileOf, gather, giveWay, TURN_ROWS } from './files.ts'

/** Runs it: `<split>.<format>` for each split, and `_split.json` with the rows of each. */
export async function* split(
  config: SplitConfig & { readonly seed: string },
  tables: DatasetTables,
  schema: Schema,
): AsyncGenerator<ProcessorOutput> {
  const by = config.by ?? schema.map(({ name }) => name)
  const names = Object.keys(config.shares)
  const bounds = boundsOf(Object.values(config.shares))
  const { rows } = await tables.size()
  const places = new Uint8Array(rows)
  const counts = names.map(() => 0)
  let first = 0
  for await (const table of tables.select(by)) {
    const columns = by.map((name) => table.columns.get(name) ?? [])
    for (let position = 0; position < table.rowCount; position += 1) {
      if (position % TURN_ROWS === TURN_ROWS - 1) await giveWay()
      const place = placeOf(shareOf(config.seed, jsonOf(columns.map((column) => column[position] ?? null))), bounds)
      places[first + position] = place
      counts[place]! += 1
    }
    first += table.rowCount
  }
  const all = tables.select(schema.map(({ name }) => name))
  for (const [place, name] of names.entries()) {
    const wanted = gather(schema, all, (position) => places[position] === place)
    yield { name: `${name}.${config.format}`, bytes: fileOf(config.format, schema, wanted) }
  }
  const facts = {
    seed: config.seed,
    by,
    shares: config.shares,
    rows: Object.fromEntries(names.map((name, place) => [name, counts[place]])),
  }
  yield { name: '_split.json', bytes: new TextEncoder().encode(`${JSON.stringify(facts, null, 2)}\n`) }
}

/** Upper bounds of the shares, one after the other; the last one takes what rounding leaves. */
function boundsOf(shares: readonly number[]): readonly number[] {
  let sum = 0
  return shares.map((share, index) => (index === shares.length - 1 ? 1 : (sum += share)))
}

/** Where a row stands, in [0, 1). */
function shareOf(seed: string, values: string): number {
  const digest = createHash('sha256')
    .update(JSON.stringify(['parquetry/split/1', seed]))
    .update(values)
    .digest()
  return digest.readUIntBE(0, 6) / 2 ** 48
}

function placeOf(share: number, bounds: readonly number[]): number {
  return bounds.findIndex((bound) => share < bound)
}
