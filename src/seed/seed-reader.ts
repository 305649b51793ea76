/**
 * Reading seed data: one streaming pass tells what it is, another one gives its rows. Nothing is ever held whole.
 */
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { ParquetryError } from '../errors.ts'
import type { Schema } from '../values.ts'
import { addCell, csvType, csvValue, newCsvColumn } from './csv-types.ts'
import type { CsvColumn } from './csv-types.ts'
import { findSeedFiles } from './find-files.ts'
import { downloadSeedFiles } from './hub.ts'
import type { FoundFiles } from './find-files.ts'
import { addRow, jsonType, jsonValue } from './json-types.ts'
import type { JsonShape } from './json-types.ts'
import { readCsv } from './read-csv.ts'
import type { CsvRow } from './read-csv.ts'
import { directorySchema, findDirectoryFiles, readDirectory, statDirectoryFiles } from './read-directory.ts'
import type { DirectorySource } from './read-directory.ts'
import { findRollouts } from './agent-rollout/read-agent-rollout.ts'
import type { FoundRollouts } from './agent-rollout/read-agent-rollout.ts'
import { ROLLOUT_SCHEMA } from './agent-rollout/rollout.ts'
import { readJson } from './read-json.ts'
import { readParquet, readParquetFooters } from './read-parquet.ts'
import type { SeedFacts, SeedFile, SeedPlace, SeedRow, SeedSource } from './source.ts'
import { readBytes } from './text-chunks.ts'
import { unreadable } from './unreadable.ts'

/** A source whose files were found. */
export interface SeedReader {
  /** With their size and time now. */
  readonly files: readonly SeedFile[]
  /** One pass over all rows, in bounded memory. Throws `SEED_DATA_UNREADABLE`. */
  inspect(): Promise<SeedFacts>
  /** The rows in batches, as `schema` says. Throws `SEED_DATA_UNREADABLE`, and `SEED_DATA_CHANGED` at the end when the content is not what it was. */
  read(schema: Schema, contentHash: string): AsyncGenerator<readonly SeedRow[]>
}

/** Finds the files of a source. Throws `SEED_DATA_UNREADABLE`. */
export async function openSeed(source: SeedSource, place: SeedPlace): Promise<SeedReader> {
  switch (source.seed_type) {
    case 'local':
      return readerOf(await findSeedFiles(source.path, place))
    case 'directory':
    case 'file_contents':
      return await openDirectory(source, place)
    case 'agent_rollout':
      return rolloutReader(await findRollouts(source, place))
    case 'hf':
      return readerOf(await downloadSeedFiles(source, place))
  }
}

/** A reader of files of one format. */
export function readerOf({ format, files }: FoundFiles): SeedReader {
  switch (format) {
    case 'parquet':
      return parquetReader(files)
    case 'csv':
      return csvReader(files)
    case 'json':
    case 'jsonl':
      return jsonReader(files)
  }
}

function csvReader(files: readonly SeedFile[]): SeedReader {
  return {
    files,
    async inspect(): Promise<SeedFacts> {
      const content = createContentHash()
      let names: readonly string[] = []
      let columns: readonly CsvColumn[] = []
      let rowCount = 0
      for await (const { header, rows } of csvRows(files, content)) {
        if (columns.length === 0) [names, columns] = [header, header.map(newCsvColumn)]
        for (const row of rows) for (let index = 0; index < columns.length; index += 1) addCell(columns[index]!, row[index]!)
        rowCount += rows.length
      }
      const schema = names.map((name, index) => ({ name, type: csvType(columns[index]!) }))
      return { schema, rowCount, contentHash: content.digest(), files, notes: [] }
    },
    async *read(schema, contentHash): AsyncGenerator<readonly SeedRow[]> {
      const content = createContentHash()
      for await (const { header, rows } of csvRows(files, content)) {
        if (header.join('\0') !== schema.map(({ name }) => name).join('\0')) throw changed(files)
        yield rows.map((row) => row.map((cell, index) => csvValue(cell, schema[index]!.type)))
      }
      requireSame(content.digest(), contentHash, files)
    },
  }
}

/** Rows with their header; every file has the same one. */
async function* csvRows(
  files: readonly SeedFile[],
  content: ContentHash,
): AsyncGenerator<{ readonly header: readonly string[]; readonly rows: readonly CsvRow[] }> {
  let first: readonly string[] | null = null
  for (const { path } of files) {
    let header: readonly string[] | null = null
    for await (const batch of readCsv(path, content.ofFile())) {
      let rows = batch
      if (header === null) {
        // A column without a name is what pandas calls its index.
        header = batch[0]!.map((name, index) => (name === '' ? `column${index}` : name))
        rows = batch.slice(1)
        first ??= header
        if (header.join('\0') !== first.join('\0')) {
          throw unreadable(
            `expected ${path} to have the header of ${files[0]!.path} (${first.join(', ')}), found ${header.join(', ')}`,
            'give files of the same columns',
          )
        }
      }
      yield { header, rows }
    }
  }
}

function jsonReader(files: readonly SeedFile[]): SeedReader {
  return {
    files,
    async inspect(): Promise<SeedFacts> {
      const content = createContentHash()
      const columns = new Map<string, JsonShape>()
      let rowCount = 0
      for (const { path } of files) {
        for await (const rows of readJson(path, content.ofFile())) {
          for (const row of rows) addRow(columns, row)
          rowCount += rows.length
        }
      }
      const schema = [...columns].map(([name, shape]) => ({ name, type: jsonType(shape) }))
      return { schema, rowCount, contentHash: content.digest(), files, notes: [] }
    },
    async *read(schema, contentHash): AsyncGenerator<readonly SeedRow[]> {
      const content = createContentHash()
      for (const { path } of files) {
        for await (const rows of readJson(path, content.ofFile())) {
          yield rows.map((row) => schema.map(({ name, type }) => jsonValue(Object.hasOwn(row, name) ? row[name] : null, type)))
        }
      }
      requireSame(content.digest(), contentHash, files)
    },
  }
}

function parquetReader(files: readonly SeedFile[]): SeedReader {
  const hashFiles = async (): Promise<string> => {
    const content = createContentHash()
    for (const { path } of files) for await (const _ of readBytes(path, content.ofFile()));
    return content.digest()
  }
  return {
    files,
    async inspect(): Promise<SeedFacts> {
      return { ...(await readParquetFooters(files)), contentHash: await hashFiles(), files, notes: [] }
    },
    async *read(schema, contentHash): AsyncGenerator<readonly SeedRow[]> {
      requireSame(await hashFiles(), contentHash, files)
      for (const file of files) yield* readParquet(file, schema)
    },
  }
}

async function openDirectory(source: DirectorySource, place: SeedPlace): Promise<SeedReader> {
  const found = await findDirectoryFiles(source, place)
  const files = await statDirectoryFiles(found)
  async function* rowsWithHash(hash: Hash): AsyncGenerator<readonly SeedRow[]> {
    for await (const rows of readDirectory(source, found)) {
      for (const row of rows) hash.update(`${JSON.stringify(row)}\n`)
      yield rows
    }
  }
  return {
    files,
    async inspect(): Promise<SeedFacts> {
      const content = createContentHash()
      let rowCount = 0
      for await (const rows of rowsWithHash(content.ofFile())) rowCount += rows.length
      return { schema: directorySchema(source), rowCount, contentHash: content.digest(), files, notes: [] }
    },
    async *read(_schema, contentHash): AsyncGenerator<readonly SeedRow[]> {
      const content = createContentHash()
      yield* rowsWithHash(content.ofFile())
      requireSame(content.digest(), contentHash, files)
    },
  }
}

/** Notes that are said one by one; of more only their number. */
const MAX_NOTES = 20

function rolloutReader(found: FoundRollouts): SeedReader {
  const { files } = found
  async function* rowsWithHash(hash: Hash, note: (message: string) => void): AsyncGenerator<readonly SeedRow[]> {
    for await (const rows of found.read(note)) {
      for (const row of rows) hash.update(`${JSON.stringify(row)}\n`)
      yield rows
    }
  }
  return {
    files,
    async inspect(): Promise<SeedFacts> {
      const content = createContentHash()
      const left: string[] = []
      let rowCount = 0
      for await (const rows of rowsWithHash(content.ofFile(), (message) => void left.push(message))) rowCount += rows.length
      const notes = left.slice(0, MAX_NOTES).map((message) => `left out: ${message}`)
      if (left.length > MAX_NOTES) notes.push(`left out: ${left.length - MAX_NOTES} more files`)
      return { schema: ROLLOUT_SCHEMA, rowCount, contentHash: content.digest(), files, notes }
    },
    async *read(_schema, contentHash): AsyncGenerator<readonly SeedRow[]> {
      const content = createContentHash()
      yield* rowsWithHash(content.ofFile(), () => undefined)
      requireSame(content.digest(), contentHash, files)
    },
  }
}

/** A hash over files, each by itself, so that where one ends and the next begins counts too. */
interface ContentHash {
  ofFile(): Hash
  /** Once, at the end. */
  digest(): string
}

function createContentHash(): ContentHash {
  const files: Hash[] = []
  return {
    ofFile(): Hash {
      const hash = createHash('sha256')
      files.push(hash)
      return hash
    },
    digest: () => `sha256:${files.reduce((all, file) => all.update(file.digest()), createHash('sha256')).digest('hex')}`,
  }
}

function requireSame(found: string, expected: string, files: readonly SeedFile[]): void {
  if (found !== expected) throw changed(files)
}

function changed([first]: readonly SeedFile[]): ParquetryError {
  return new ParquetryError(
    'SEED_DATA_CHANGED',
    `expected the seed data at ${first?.path ?? 'its place'} to be what it was when it was first read, found it changed`,
    {
      wayOut: 'put the data back as it was, or start a new dataset under another --dataset-name',
    },
  )
}
