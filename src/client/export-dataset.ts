/** A dataset's rows as one file on this machine, for whoever wants them in one piece. */
import { randomUUID } from 'node:crypto'
import { link, lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { EXPORT_FORMATS } from '../dataset/processors/builtin/files.ts'
import type { ExportFormat } from '../dataset/processors/builtin/files.ts'
import { openExport } from '../dataset/export-rows.ts'
import type { RowExport } from '../dataset/export-rows.ts'
import { ParquetryError } from '../errors.ts'
import { diskError, systemCodeOf } from '../storage/disk-error.ts'
import { openStorage } from '../storage/open.ts'

/** How to export. */
export interface ExportOptions {
  /** Default: what the end of the file's name says. */
  readonly format?: ExportFormat
  /** The file, or what takes its parts one after the other. Default `<dataset folder>/<dataset name>.<format>`, as DataDesigner's. */
  readonly output?: string | ((part: Uint8Array) => Promise<void>)
  /** Columns of the file, in this order. Default: all, in the order of the config. */
  readonly columns?: readonly string[]
  /** Replaces a file that is there. Default false. */
  readonly overwrite?: boolean
  /** Called after every row group that was read; cheap. */
  readonly onProgress?: (rowGroupsRead: number, rowGroups: number) => void
}

/** What was exported. */
export interface ExportedDataset extends Omit<RowExport, 'parts'> {
  readonly format: ExportFormat
  /** Absolute; null when the parts went elsewhere. */
  readonly file: string | null
  readonly sizeBytes: number
}

/**
 * Writes all rows that the dataset in a folder has by now, in order, a row group in memory at a time. Rows that are still missing stop
 * nothing: look at `rowsMissing`. The file appears whole or not at all.
 * Throws `DATASET_NOT_FOUND`, `DATASET_DAMAGED`, `USAGE`, `DISK_FULL`, `STORAGE_FAILED`.
 */
export async function exportDataset(location: string, options: ExportOptions = {}): Promise<ExportedDataset> {
  const folder = resolve(location)
  const { output, columns, onProgress } = options
  const format = options.format ?? formatOf(output)
  const { parts, ...facts } = await openExport(openStorage(folder), {
    format,
    ...(columns === undefined ? {} : { columns }),
    ...(onProgress === undefined ? {} : { onProgress }),
  })
  if (typeof output === 'function') return { ...facts, format, file: null, sizeBytes: await pass(parts, output) }
  const file = resolve(output ?? join(folder, `${facts.name}.${format}`))
  return { ...facts, format, file, sizeBytes: await writeWhole(file, parts, options.overwrite === true) }
}

function formatOf(output: ExportOptions['output']): ExportFormat {
  const extension = typeof output === 'string' ? extname(output).slice(1).toLowerCase() : ''
  const format = EXPORT_FORMATS.find((known) => known === extension)
  if (format !== undefined) return format
  const found = extension === '' ? 'no format' : `a file that ends in .${extension}`
  throw new ParquetryError('USAGE', `expected one of the formats ${EXPORT_FORMATS.join(', ')}, found ${found}`, {
    wayOut: 'name the format, or a file that ends in it',
  })
}

async function pass(parts: AsyncIterable<Uint8Array>, take: (part: Uint8Array) => Promise<void>): Promise<number> {
  let sizeBytes = 0
  for await (const part of parts) {
    await take(part)
    sizeBytes += part.byteLength
  }
  return sizeBytes
}

async function writeWhole(file: string, parts: AsyncIterable<Uint8Array>, isReplacing: boolean): Promise<number> {
  if (!isReplacing && (await isThere(file))) throw taken(file)
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}.partial`)
  const handle = await onDisk(file, async () => {
    await mkdir(dirname(file), { recursive: true })
    return await open(temporary, 'wx')
  })
  try {
    const sizeBytes = await writeParts(handle, file, parts)
    await onDisk(file, () => (isReplacing ? rename(temporary, file) : publish(temporary, file)))
    return sizeBytes
  } finally {
    await rm(temporary, { force: true })
  }
}

async function writeParts(handle: FileHandle, file: string, parts: AsyncIterable<Uint8Array>): Promise<number> {
  try {
    const sizeBytes = await pass(parts, (part) => onDisk(file, () => handle.writeFile(part)))
    await onDisk(file, () => handle.sync())
    return sizeBytes
  } finally {
    await handle.close()
  }
}

async function isThere(file: string): Promise<boolean> {
  return await lstat(file).then(
    () => true,
    () => false,
  )
}

/** A link fails where somebody has made the file meanwhile; a file system without links takes a rename. */
async function publish(temporary: string, file: string): Promise<void> {
  try {
    await link(temporary, file)
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') throw taken(file)
    await rename(temporary, file)
  }
}

function taken(file: string): ParquetryError {
  return new ParquetryError('USAGE', `expected no file ${file} yet, found one`, {
    wayOut: 'name another file, or replace it with --overwrite',
  })
}

async function onDisk<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw diskError(error, 'write', file)
  }
}
