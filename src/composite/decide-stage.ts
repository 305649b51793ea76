/** What is to be done about a stage's folder: leave it, go on with it, begin it, or set it aside and begin anew. */
import type { CompiledDataset } from '../config/compiled.ts'
import type { ResumeMode } from '../contract.ts'
import { decideResume, recordedOf } from '../dataset/resume/decide-resume.ts'
import { factsOf } from '../dataset/resume/folder-facts.ts'
import { runRequestOf } from '../dataset/resume/prepare.ts'
import type { Metadata } from '../dataset/metadata.ts'
import type { DatasetProcessor } from '../dataset/ports.ts'
import { isProcessingDue } from '../dataset/processors/processing-due.ts'
import { processorSteps } from '../dataset/processors/processor-steps.ts'
import { isParquetryError, ParquetryError } from '../errors.ts'
import type { Storage } from '../storage/storage.ts'

/** A stage as it is wanted now, its rows to begin with included. */
export interface WantedStage {
  readonly name: string
  readonly compiled: CompiledDataset
  readonly parquetryFile: object
  readonly numRecords: number
  /** Explicitly given random seed, or null. */
  readonly seed: string | null
  readonly mode: ResumeMode
  /** Made again although nothing changed. */
  readonly isForced: boolean
  /** The request under which the folder is begun in this run: one that was begun under it is this run's own. */
  readonly requestId: string
  readonly datasetProcessors: readonly DatasetProcessor[]
}

/** What is to be done. */
export type StageDecision =
  /** Complete, and just as it would be made. */
  | { readonly action: 'unchanged'; readonly metadata: Metadata }
  | { readonly action: 'resume' }
  | { readonly action: 'begin' }
  /** `why` is said to people. */
  | { readonly action: 'set-aside'; readonly why: string }

/**
 * Looks at the folder and decides. Nothing but swaps of processors that were cut off is touched. More records of the same config extend
 * the stage, which keeps its rows. Throws `RESUME_INCOMPATIBLE` and the like for a change under `always`.
 */
export async function decideStage(storage: Storage, wanted: WantedStage): Promise<StageDecision> {
  const facts = await factsOf(storage, wanted.parquetryFile)
  if (!facts.holdsAnything) return { action: 'begin' }
  const recorded = recordedOf(facts)
  const { metadata } = facts
  const isOfThisRun = metadata.kind === 'ours' && metadata.value.parquetry.request_id === wanted.requestId
  if (wanted.isForced && !isOfThisRun) return { action: 'set-aside', why: 'it is made again, as asked' }
  try {
    decideResume(facts, {
      ...runRequestOf(wanted.compiled),
      numRecords: wanted.numRecords,
      bufferSize: null,
      seed: wanted.seed,
      mode: 'always',
      isModeExplicit: true,
    })
    if (wanted.mode === 'always' && recorded !== null && recorded.targetNumRecords !== wanted.numRecords) {
      throw new ParquetryError(
        'NUM_RECORDS_MISMATCH',
        `${facts.location} is planned for ${recorded.targetNumRecords} records, ${wanted.numRecords} are asked for`,
        { wayOut: 'leave out --resume always: what changed is then made again, and more records extend a stage' },
      )
    }
  } catch (error) {
    if (!isParquetryError(error) || error.kind !== 'user') throw error
    if (wanted.mode !== 'always') return { action: 'set-aside', why: error.message }
    throw new ParquetryError(error.code, error.message, {
      wayOut: 'leave out --resume always to have this stage and those that follow from it made again; the old folders are kept',
    })
  }
  if (metadata.kind !== 'ours' || recorded?.targetNumRecords !== wanted.numRecords) return { action: 'resume' }
  const isUnchanged = metadata.value.parquetry.state === 'complete' && !(await isDue(storage, metadata.value, wanted))
  return isUnchanged ? { action: 'unchanged', metadata: metadata.value } : { action: 'resume' }
}

async function isDue(storage: Storage, metadata: Metadata, { compiled, datasetProcessors }: WantedStage): Promise<boolean> {
  const steps = processorSteps(compiled, metadata.parquetry.seed, datasetProcessors)
  return await isProcessingDue(storage, metadata, compiled, steps)
}
