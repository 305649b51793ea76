/** What the activities work with; the worker gives them values. */
import type { OpenDataset } from '../src/dataset/open-dataset.ts'
import type { DatasetPorts } from '../src/dataset/ports.ts'
import type { DatasetRef } from '../src/contract.ts'
import type { RowGroupEvent } from './row-group-events.ts'

/** Effects and settings of all activities of a worker. */
export interface ActivityDependencies {
  readonly ports: DatasetPorts
  /** The dataset behind a reference, compiled; cached by the worker. Throws `DATASET_NOT_VISIBLE`, `DATASET_DAMAGED`. */
  readonly openDataset: (ref: DatasetRef) => Promise<OpenDataset>
  /** A fresh seed as text. */
  readonly drawSeed: () => string
  /** How long calls on the wire may finish after a cancellation, in ms. Default 20,000. */
  readonly drainMs: number
  /**
   * True while the Temporal server answers this worker, and has not been silent for `limitMs` since `startedAt` (a monotonic time in ms)
   * without the time since that it takes to hear of a lost activity.
   */
  readonly isInTouch: (since: { readonly startedAt: number; readonly limitMs: number }) => boolean
  /** Hears of every attempt at a row group; must not throw. */
  readonly observe: (event: RowGroupEvent) => void
}
