/** What becomes of the attempts at row groups, for whoever watches a worker: metrics and logs. */
import type { DropReason, Usage } from '../src/contract.ts'

/** The attempt that an event is about. */
export interface RowGroupAttempt {
  /** Id of the dataset (`dataset.json`). */
  readonly datasetId: string
  readonly location: string
  readonly rowGroup: number
  /** Temporal's attempt number, from 1. */
  readonly attempt: number
}

/** One event. `committed` is said by whoever finds the row group committed; `isNew` is true for the attempt that wrote it. */
export type RowGroupEvent =
  | ({ readonly kind: 'row-group-opened' } & RowGroupAttempt)
  | ({
      readonly kind: 'row-group-committed'
      readonly isNew: boolean
      readonly rowsWritten: number
      readonly rowsDropped: number
      readonly dropReasons: readonly DropReason[]
      readonly usage: Usage
      readonly seconds: number
    } & RowGroupAttempt)
  | ({ readonly kind: 'row-group-ended'; readonly code: string; readonly message: string; readonly seconds: number } & RowGroupAttempt)
