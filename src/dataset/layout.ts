/** Where everything lies in a dataset's folder (design section 4), and which names a dataset may have. */
import { ParquetryError } from '../errors.ts'
import { batchName } from '../plan/row-groups.ts'
import type { Attempt } from './ports.ts'

const ROW_GROUPS_FOLDER = 'parquet-files'
const PARTIAL_FOLDER = 'tmp-partial-parquet-files'
const DROPPED_COLUMNS_FOLDER = 'dropped-columns-parquet-files'
const PROCESSORS_FOLDER = 'processors-files'
const JOURNAL_FOLDER = 'journal'
const QUARANTINE_FOLDER = 'quarantine'
const REQUESTS_FOLDER = 'requests'
const TRACES_FOLDER = 'traces'
const SEED_FOLDER = 'seed-data'
const IMAGES_FOLDER = 'images'
const OWNER_CLAIMS_FOLDER = 'owner-claims'
const PROCESSOR_VERSIONS_FOLDER = `${PROCESSORS_FOLDER}/.versions`
const SWAP_EXTENSION = '.swap.json'
const STAGED_PROCESSOR_PREFIX = 'processor.'

/** Keys of a dataset's objects and folders, relative to its folder. */
export const keys = {
  /** The config, as DataDesigner writes and reads it. */
  builderConfig: 'builder_config.json',
  /** The checkpoint. */
  metadata: 'metadata.json',
  /** Our additions to the config: seed, prices, limits, policies (ruling 19). */
  parquetryFile: 'parquetry.json',
  /** What the dataset is: its id. */
  identity: 'dataset.json',
  /** Who may write it (ruling 2). */
  owner: 'owner.json',
  /** One file a claim, made by exclusive create. */
  ownerClaimsFolder: OWNER_CLAIMS_FOLDER,
  /** Pause and limits for the workers (ruling 10). */
  control: 'control.json',
  /** What is shown of the dataset: one page that needs nothing else. */
  report: 'report.html',
  /** What models said of judge scores, by request, so that it is paid for once. */
  judgeSummaries: 'judge-summaries.json',
  /** Committed row groups. */
  rowGroupsFolder: ROW_GROUPS_FOLDER,
  /** Staged files; nothing in it counts. */
  partialFolder: PARTIAL_FOLDER,
  droppedColumnsFolder: DROPPED_COLUMNS_FOLDER,
  processorsFolder: PROCESSORS_FOLDER,
  journalFolder: JOURNAL_FOLDER,
  /** Files that were moved aside, never deleted by us. */
  quarantineFolder: QUARANTINE_FOLDER,
  /** What clients ask for, until it is taken. */
  requestsFolder: REQUESTS_FOLDER,
  /** Pictures that rows name, a folder for each column. */
  imagesFolder: IMAGES_FOLDER,
  /** The rows of the seed data as they were when the dataset was begun, for any worker. */
  seedFolder: SEED_FOLDER,

  /** Names sort as their epochs do. */
  ownerClaim: (epoch: number): string => `${OWNER_CLAIMS_FOLDER}/${String(epoch).padStart(10, '0')}.json`,
  /** Of the seed data with this content; written last, so that it stands for the whole. */
  seedIndex: (contentHash: string): string => `${SEED_FOLDER}/${contentName(contentHash)}/index.json`,
  seedPart: (contentHash: string, part: number): string =>
    `${SEED_FOLDER}/${contentName(contentHash)}/part-${String(part).padStart(5, '0')}.bin`,
  /** Answers of a committed row group, where they are kept. */
  traces: (id: number): string => `${TRACES_FOLDER}/${batchName(id)}.jsonl.gz`,
  request: (requestId: string): string => `${REQUESTS_FOLDER}/${plain(requestId)}.json`,
  rowGroup: (id: number): string => `${ROW_GROUPS_FOLDER}/${batchName(id)}.parquet`,
  /** Unique to the attempt. */
  stagedRowGroup: (id: number, attempt: Attempt): string => `${PARTIAL_FOLDER}/${attemptName(id, attempt)}.parquet`,
  /** The file of a row group in `droppedColumnsFolder` or a `processorFolder`. */
  sidecar: (folder: string, id: number): string => `${folder}/${batchName(id)}.parquet`,
  /** Unique to the attempt and the folder it is for. */
  stagedSidecar: (folder: string, id: number, attempt: Attempt): string =>
    `${PARTIAL_FOLDER}/${attemptName(id, attempt)}.${folder.replaceAll('/', '.')}.parquet`,
  /** The outputs of a processor. Throws `DATASET_NAME_INVALID`. */
  processorFolder(name: string): string {
    checkName('processor', name)
    return `${PROCESSORS_FOLDER}/${name}`
  },
  /** Whole outputs of post-generation processors, one folder each; `processorFolder` shows the one that counts. */
  processorVersionsFolder: PROCESSOR_VERSIONS_FOLDER,
  /** Outputs of a processor by the hash of what they were made from, 16 hex digits. */
  processorVersion: (name: string, hash: string): string => `${PROCESSOR_VERSIONS_FOLDER}/${name}@${plain(hash)}`,
  /** Says, from before a swap until after it, which version it is to bring. */
  processorSwap: (name: string): string => `${PROCESSOR_VERSIONS_FOLDER}/${name}${SWAP_EXTENSION}`,
  /** Outputs that are being made; unique to the attempt. */
  stagedProcessor: (name: string, { runId, attempt }: Attempt): string =>
    `${PARTIAL_FOLDER}/${STAGED_PROCESSOR_PREFIX}${name}.${plain(runId)}.${plain(String(attempt))}`,
  /** An attempt's own journal. */
  journal: (id: number, attempt: Attempt): string => `${JOURNAL_FOLDER}/${attemptName(id, attempt)}.jsonl`,
  /** Pictures of an open row group, by content: the journal's lines name them. */
  keptImages: (id: number): string => `${JOURNAL_FOLDER}/${batchName(id)}.images`,
  /** What an attempt puts under its final name for a generation of the row group. */
  imageLinks: (id: number, generation: number, { runId, attempt }: Attempt): string =>
    `${JOURNAL_FOLDER}/${batchName(id)}.images/links.${generation}.${plain(runId)}.${plain(String(attempt))}.json`,
  /** That a row group was refused, and how often its rows were tried; stands beside its journals. */
  refusal: (id: number): string => `${JOURNAL_FOLDER}/${batchName(id)}.refused.json`,
  /** Where a row group's file goes that is not one; `unique` keeps several apart. */
  quarantined: (id: number, unique: string): string => `${QUARANTINE_FOLDER}/${batchName(id)}.${plain(unique)}.parquet`,
  /** Where any other file of the folder goes; its whole key stays readable in the name. */
  quarantinedOther: (key: string, unique: string): string => `${QUARANTINE_FOLDER}/${key.replaceAll('/', '.')}.${plain(unique)}`,
  /** Where an unreadable JSON file of the dataset's own goes, e.g. `quarantine/metadata.<unique>.json`. */
  quarantinedFile: (key: string, unique: string): string =>
    `${QUARANTINE_FOLDER}/${plain(key.replace(/\.json$/, ''))}.${plain(unique)}.json`,
} as const

/** True for the name of a journal of the row group, by whichever attempt. */
export function isJournalOf(id: number, name: string): boolean {
  return name.startsWith(`${batchName(id)}.`) && name.endsWith('.jsonl')
}

/** True for the name of a folder in `partialFolder` that some attempt makes a processor's outputs in. */
export function isStagedProcessor(name: string): boolean {
  return name.startsWith(STAGED_PROCESSOR_PREFIX) && name.endsWith('/')
}

/** What stands in `processorVersionsFolder`. */
export interface VersionName {
  /** `replaced` is a plain folder that a version took the place of. */
  readonly kind: 'version' | 'replaced' | 'swap'
  readonly processor: string
  /** Empty for a swap. */
  readonly hash: string
}

/** Reads a name in `processorVersionsFolder`; null for one that is not of ours. */
export function parseVersionName(name: string): VersionName | null {
  const isSwap = name.endsWith(SWAP_EXTENSION)
  const swapped = isSwap ? name.slice(0, -SWAP_EXTENSION.length) : undefined
  const [, processor = swapped, hash = '', replaced] = /^(.+)@([0-9a-f]{16})(\.replaced)?\/?$/su.exec(name) ?? []
  if (processor === undefined || nameProblem(processor) !== null) return null
  return { kind: isSwap ? 'swap' : replaced === undefined ? 'version' : 'replaced', processor, hash }
}

/** True for a key that a sidecar may be staged under; receipts come from files, and files from anywhere. */
export function isStagedSidecarKey(key: string): boolean {
  const parts = key.split('/')
  return parts.length === 2 && parts[0] === PARTIAL_FOLDER && nameProblem(parts[1] ?? '') === null
}

/** True for a key that a sidecar may have in the end. */
export function isSidecarKey(key: string): boolean {
  const parts = key.split('/')
  const names = parts[0] === DROPPED_COLUMNS_FOLDER ? parts.slice(1) : parts.slice(2)
  const isBelow = parts[0] === DROPPED_COLUMNS_FOLDER || (parts[0] === PROCESSORS_FOLDER && nameProblem(parts[1] ?? '') === null)
  return isBelow && names.length === 1 && nameProblem(names[0] ?? '') === null
}

/** True for a name that a folder or a file may have on any system. */
export function isPlainFileName(name: string): boolean {
  return nameProblem(name) === null
}

/** Longest name in bytes: file systems take 255, and a time and a short id may still be added. */
const MAX_NAME_BYTES = 200

/** Checks the name of a dataset, which becomes a folder. Throws `DATASET_NAME_INVALID`. */
export function checkDatasetName(name: string): void {
  checkName('dataset', name)
}

/**
 * The name of a dataset that starts beside one of the same name: `<name>_MM-DD-YYYY_HHMMSS`, in local time, as DataDesigner's.
 */
export function timestampedName(name: string, at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}-${String(at.getFullYear()).padStart(4, '0')}`
  return `${name}_${day}_${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`
}

/** True for a name that `timestampedName` gives, or that name with a short id behind it. */
export function isTimestampedName(name: string, candidate: string): boolean {
  return candidate.startsWith(`${name}_`) && /^\d\d-\d\d-\d{4}_\d{6}(?:_[A-Za-z0-9]{1,8})?$/.test(candidate.slice(name.length + 1))
}

function checkName(what: 'dataset' | 'processor', name: string): void {
  const problem = nameProblem(name)
  if (problem === null) return
  throw new ParquetryError(
    'DATASET_NAME_INVALID',
    `expected a ${what} name that can be a folder, found ${JSON.stringify(name.slice(0, 100))}: ${problem}`,
    {
      wayOut: 'use letters, digits, "-" and "_"',
    },
  )
}

function nameProblem(name: string): string | null {
  if (name === '') return 'it is empty'
  if (name === '.' || name === '..') return 'it leads to another folder'
  const forbidden = /[<>:"/\\|?*]/.exec(name)?.[0]
  if (forbidden !== undefined) return `it contains ${forbidden}`
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return 'it contains a control character'
  if (/\p{Surrogate}/u.test(name)) return 'it contains half a character'
  if (/[. ]$/.test(name)) return 'it ends in a dot or a space'
  const bytes = new TextEncoder().encode(name).length
  return bytes > MAX_NAME_BYTES ? `it has ${bytes} bytes, more than ${MAX_NAME_BYTES}` : null
}

/** The start of a content hash, enough to tell contents apart. */
function contentName(contentHash: string): string {
  return plain(contentHash.replace(/^sha256:/, '').slice(0, 16))
}

function attemptName(id: number, { runId, attempt }: Attempt): string {
  return `${batchName(id)}.${plain(runId)}.${plain(String(attempt))}`
}

/** An id as part of a file name: whatever it is, it leads nowhere. */
function plain(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9_-]/g, '_')
}
