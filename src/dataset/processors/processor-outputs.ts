/**
 * Outputs of post-generation processors on disk (ruling 5). Each stands whole in a folder of its own, named by the hash of what it
 * was made from; the processor's folder shows one of them.
 *
 * 1. A version appears by one rename, whole; it is believed only when all files that its marker names are there.
 * 2. A swap is announced before and struck out after, so that one that was cut off is rolled forward by whoever starts next.
 * 3. The old version goes only after the swap.
 */
import type { Storage } from '../../storage/storage.ts'
import { isStagedProcessor, keys, parseVersionName } from '../layout.ts'
import { mapBounded } from '../map-bounded.ts'

/** A file of an output. */
export interface OutputFile {
  /** Relative to the output's folder. */
  readonly name: string
  readonly sizeBytes: number
}

/** Content of an output's `OUTPUT_MARKER`. */
export interface OutputMarker {
  /** Of the row groups and the processor; 16 hex digits. */
  readonly hash: string
  readonly files: readonly OutputFile[]
}

/** Name of the marker, which readers of parquet folders overlook because of its dot. */
export const OUTPUT_MARKER = '.made-from.json'

const LOOKS_AT_ONCE = 32

/** True when the folder holds an output made from this very hash, with all its files. */
export async function isWholeOutput(storage: Storage, folder: string, hash: string): Promise<boolean> {
  const marker = await readMarker(storage, folder)
  if (marker === null || marker.hash !== hash) return false
  const sizes = await mapBounded(marker.files, LOOKS_AT_ONCE, async ({ name }) => (await storage.stat(`${folder}/${name}`))?.sizeBytes)
  return marker.files.every(({ sizeBytes }, index) => sizes[index] === sizeBytes)
}

/** Lets the processor's folder show a version that stands whole. */
export async function swapIn(storage: Storage, processor: string, hash: string): Promise<void> {
  await storage.stage(keys.processorSwap(processor), encode({ hash }))
  await storage.replaceFolder(keys.processorFolder(processor), keys.processorVersion(processor, hash))
  await storage.remove(keys.processorSwap(processor))
}

/** Rolls forward the swaps that were cut off. Idempotent. */
export async function finishSwaps(storage: Storage): Promise<void> {
  for (const name of await storage.list(keys.processorVersionsFolder)) {
    const parsed = parseVersionName(name)
    if (parsed?.kind !== 'swap') continue
    const { processor } = parsed
    const { hash } = (await readJson(storage, keys.processorSwap(processor))) as { readonly hash?: unknown }
    const isBegun = typeof hash === 'string' && (await readMarker(storage, keys.processorFolder(processor)))?.hash !== hash
    if (isBegun && (await isWholeOutput(storage, keys.processorVersion(processor, hash), hash))) await swapIn(storage, processor, hash)
    else await storage.remove(keys.processorSwap(processor))
  }
}

/** Keys of everything that processing left behind and nobody is shown: old versions, and what attempts that died were making. */
export async function leftoversOf(storage: Storage): Promise<readonly string[]> {
  const leftovers = (await storage.list(keys.partialFolder)).filter(isStagedProcessor).map((name) => `${keys.partialFolder}/${name}`)
  for (const name of await storage.list(keys.processorVersionsFolder)) {
    const parsed = parseVersionName(name)
    if (parsed === null || parsed.kind === 'swap') continue
    const shown = parsed.kind === 'version' ? await readMarker(storage, keys.processorFolder(parsed.processor)) : null
    if (shown?.hash !== parsed.hash || parsed.kind === 'replaced') leftovers.push(`${keys.processorVersionsFolder}/${name}`)
  }
  return leftovers
}

/** The marker as bytes. */
export function encodeMarker(marker: OutputMarker): Uint8Array {
  return encode(marker)
}

async function readMarker(storage: Storage, folder: string): Promise<OutputMarker | null> {
  const { hash, files } = (await readJson(storage, `${folder}/${OUTPUT_MARKER}`)) as Partial<OutputMarker>
  return typeof hash === 'string' && Array.isArray(files) ? { hash, files } : null
}

/** An object of the storage as JSON; an empty one when there is none or it is torn. */
async function readJson(storage: Storage, key: string): Promise<object> {
  const bytes = await storage.read(key)
  try {
    const value: unknown = bytes === null ? null : JSON.parse(new TextDecoder().decode(bytes))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`)
}
