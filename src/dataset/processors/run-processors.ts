/**
 * Post-generation processors: they read committed row groups and write elsewhere. An output is built in staging, becomes a version
 * by one rename, and only then takes the place of the old one: whatever dies in between, the old or the new output stands whole.
 */
import { createHash } from 'node:crypto'
import type { ProcessorProgress, RunProcessorsResult } from '../../contract.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'
import type { OpenDataset } from '../open-dataset.ts'
import { requireEpoch } from '../owner/owner.ts'
import { openTables, outputKeys, rowGroupKeys } from './dataset-tables.ts'
import type { Attempt, DatasetProcessor, DatasetTables, Scratch } from '../ports.ts'
import { encodeMarker, finishSwaps, isWholeOutput, leftoversOf, OUTPUT_MARKER, swapIn } from './processor-outputs.ts'
import type { OutputFile } from './processor-outputs.ts'
import type { ProcessorStep } from './processor-steps.ts'
import { hashOfRowGroups } from './row-groups-hash.ts'

/** What is needed of an open dataset. */
export interface ProcessedDataset extends Pick<OpenDataset, 'storage' | 'segments'> {
  readonly compiled: Pick<OpenDataset['compiled'], 'schema'>
  readonly transforms: readonly { readonly name: string }[]
}

/** What running the processors takes. */
export interface RunProcessorsOptions {
  readonly dataset: ProcessedDataset
  readonly processors: readonly ProcessorStep[]
  /** Ownership epoch of the run: an attempt of an older one changes no output. */
  readonly epoch: number
  readonly attempt: Attempt
  /** Aborted when the attempt shall end; heard between two tables, between two files and before a swap. */
  readonly signal: AbortSignal
  /** Called after every table and file; cheap. */
  readonly onProgress: (progress: ProcessorProgress) => void
}

/**
 * Runs those processors whose outputs are missing or made from other row groups, one after the other, and clears what earlier
 * attempts left. Throws `CONFIG_INVALID`, `PROCESSOR_FAILED`, `DATASET_OPEN_ELSEWHERE`, `STORAGE_FAILED`, `DISK_FULL`, or the
 * signal's reason; outputs swapped in before stay.
 */
export async function runProcessors(options: RunProcessorsOptions): Promise<RunProcessorsResult> {
  const { dataset, processors, epoch, signal } = options
  const { storage, segments } = dataset
  checkProcessorNames(processors, dataset.transforms)
  await requireEpoch(storage, epoch)
  await finishSwaps(storage)
  const rowGroupsHash = await hashOfRowGroups(storage, segments, signal)
  const ran: string[] = []
  for (const processor of processors) {
    const hash = outputHashOf(processor, rowGroupsHash)
    if (await isWholeOutput(storage, keys.processorFolder(processor.name), hash)) continue
    if (!(await isWholeOutput(storage, keys.processorVersion(processor.name, hash), hash))) {
      await build(options, processor, { hash, rowGroupsHash })
      ran.push(processor.name)
    }
    signal.throwIfAborted()
    await requireEpoch(storage, epoch)
    await swapIn(storage, processor.name, hash)
  }
  for (const key of await leftoversOf(storage)) await storage.remove(key)
  return { ran }
}

/** Hash of a processor's output: another one for other row groups, and for another version of the processor. */
export function outputHashOf({ name, version }: DatasetProcessor, rowGroupsHash: string): string {
  return createHash('sha256')
    .update(JSON.stringify([name, version ?? null, rowGroupsHash]))
    .digest('hex')
    .slice(0, 16)
}

/**
 * Checks that each processor has a folder of its own, whatever the file system makes of upper and lower case. `transforms` write
 * row by row into folders beside theirs. Throws `CONFIG_INVALID`, `DATASET_NAME_INVALID`.
 */
export function checkProcessorNames(processors: readonly DatasetProcessor[], transforms: readonly { readonly name: string }[]): void {
  const taken = new Map(transforms.map(({ name }) => [name.toLowerCase(), 'a schema_transform of the config']))
  for (const { name } of processors) {
    keys.processorFolder(name)
    const other = name.startsWith('.') ? 'a dot at its start' : taken.get(name.toLowerCase())
    if (other !== undefined) {
      const message = `expected the dataset processor ${JSON.stringify(name)} of this worker to have a name of its own, found ${other}`
      throw new ParquetryError('CONFIG_INVALID', message, { wayOut: 'give one of them another name: each has its own folder' })
    }
    taken.set(name.toLowerCase(), 'another dataset processor')
  }
}

/** Makes an output in staging and moves it among the versions. */
async function build(
  options: RunProcessorsOptions,
  processor: ProcessorStep,
  { hash, rowGroupsHash }: { readonly hash: string; readonly rowGroupsHash: string },
): Promise<void> {
  const { storage, segments } = options.dataset
  const staging = keys.stagedProcessor(processor.name, options.attempt)
  await storage.remove(staging)
  const files = await writeOutputs(options, processor, staging)
  await storage.stage(`${staging}/${OUTPUT_MARKER}`, encodeMarker({ hash, files }))
  if ((await hashOfRowGroups(storage, segments, options.signal)) !== rowGroupsHash) {
    throw new ParquetryError('STORAGE_FAILED', `row groups changed while the processor ${JSON.stringify(processor.name)} read them`)
  }
  await promote(options, processor, staging, hash)
}

/** Makes a staged output a version, unless another attempt was faster: a version that stands whole is never touched. */
async function promote(
  { dataset: { storage }, signal }: RunProcessorsOptions,
  { name }: DatasetProcessor,
  staging: string,
  hash: string,
): Promise<void> {
  const version = keys.processorVersion(name, hash)
  signal.throwIfAborted()
  const lost = new ParquetryError('STORAGE_FAILED', `the output of the processor ${JSON.stringify(name)} lost files while it was made`)
  // A successor clears away what an attempt that was taken for dead is still writing.
  if (!(await isWholeOutput(storage, staging, hash))) throw lost
  if (await isWholeOutput(storage, version, hash)) return await storage.remove(staging)
  // One that has lost files makes room; where there is none, the first of two attempts wins.
  if ((await storage.list(version)).length > 0) await storage.remove(version)
  await storage.move(staging, version)
  if (!(await isWholeOutput(storage, version, hash))) throw lost
}

async function writeOutputs(options: RunProcessorsOptions, processor: ProcessorStep, staging: string): Promise<readonly OutputFile[]> {
  const { dataset, signal } = options
  const files = new Map<string, OutputFile>()
  let rowGroupsRead = 0
  const report = (): void => options.onProgress({ processor: processor.name, rowGroupsRead, filesWritten: files.size })
  report()
  const tables = tablesOf(dataset, processor, signal, () => {
    rowGroupsRead += 1
    report()
  })
  const scratchFolder = `${staging}.scratch`
  const context = { options: processor.options ?? {}, scratch: createScratch(dataset.storage, scratchFolder) }
  try {
    await dataset.storage.remove(scratchFolder)
    for await (const { name, bytes } of processor.process(tables, dataset.compiled.schema, context)) {
      signal.throwIfAborted()
      if (name === OUTPUT_MARKER || files.has(name)) {
        throw new Error(`expected output files of different names, found ${JSON.stringify(name)} ${files.has(name) ? 'twice' : ''}`.trim())
      }
      files.set(name, { name, sizeBytes: await stage(dataset.storage, `${staging}/${name}`, bytes, signal) })
      report()
    }
    await dataset.storage.remove(scratchFolder)
  } catch (error) {
    for (const folder of [staging, scratchFolder]) await dataset.storage.remove(folder).catch(() => undefined)
    signal.throwIfAborted()
    throw failureOf(processor, error)
  }
  return [...files.values()]
}

/** The rows that a processor reads, from the first one at every iteration. */
function tablesOf({ storage, segments }: ProcessedDataset, step: ProcessorStep, signal: AbortSignal, onTable: () => void): DatasetTables {
  const { input } = step
  const files = input === undefined || input === null ? () => rowGroupKeys(storage, segments) : () => outputKeys(storage, input)
  return openTables(storage, files, { signal, onTable })
}

/** Stages an output file; answers its size in bytes. */
async function stage(storage: Storage, key: string, bytes: Uint8Array | AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<number> {
  if (!(bytes instanceof Uint8Array)) return await storage.stageStream(key, untilAborted(bytes, signal))
  await storage.stage(key, bytes)
  return bytes.byteLength
}

async function* untilAborted(parts: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const part of parts) {
    signal.throwIfAborted()
    yield part
  }
}

function createScratch(storage: Storage, folder: string): Scratch {
  return {
    write: async (name, bytes) => storage.stage(`${folder}/${name}`, bytes),
    async read(name) {
      const bytes = await storage.read(`${folder}/${name}`)
      if (bytes === null) throw new ParquetryError('STORAGE_FAILED', `expected the scratch file ${name}, found none`)
      return bytes
    },
  }
}

/** What waiting can cure is retried, and what says itself what is wrong stays; everything else is the processor's own mistake. */
function failureOf({ name }: DatasetProcessor, error: unknown): unknown {
  if (isParquetryError(error) && error.kind !== 'content' && error.kind !== 'internal') return error
  const reason = error instanceof Error ? error.message : String(error)
  return new ParquetryError(
    'PROCESSOR_FAILED',
    `the dataset processor ${JSON.stringify(name)} failed: ${reason}; all rows are on disk, and its earlier output, if any, stands`,
    { wayOut: 'correct the processor, restart the worker and start again with --resume always: only the processing is done again' },
    error,
  )
}
