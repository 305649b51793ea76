/** The receipt: the facts of one committed row group, in the footer of its parquet file, so that neither exists without the other. */
import type { DropReason, PlanSegment, RowGroup, Usage } from '../contract.ts'

/** Version of the receipt's form. */
export const RECEIPT_VERSION = 1

/** Rows dropped for one reason. */
export interface DroppedRow {
  /** Fixed index of the record. */
  readonly row: number
  /** Error code, e.g. `ANSWER_INVALID`. */
  readonly code: string
  /** Column that could not be made. */
  readonly column: string
  /** Last refill number that was tried at this row. */
  readonly refill: number
  /** First 200 characters of the reason; never a prompt or a key. */
  readonly reason: string
}

/** A file made beside the main one in the same commit: dropped columns, schema_transform outputs (ruling 5). */
export interface Sidecar {
  readonly stagedKey: string
  readonly finalKey: string
  /** `sha256:<hex>` of the whole file. */
  readonly checksum: string
}

/** A repair of a committed row group: its dropped rows were made again (ruling 6). */
export interface Repair {
  /** Names the pass of a run that did it, so that its next attempt finds it done. */
  readonly token: string
  /** Rows that were dropped before and are written now. */
  readonly rowsFilled: number
  /** What the repair alone used; it is part of the receipt's `usage`. */
  readonly usage: Usage
  /** Dropped rows of the generation before, by reason. */
  readonly droppedBefore: readonly DropReason[]
}

/** Content of the footer's `parquetry.receipt`. */
export interface Receipt {
  readonly version: typeof RECEIPT_VERSION
  readonly datasetId: string
  readonly fingerprint: string
  /** 0 for the first commit of this row group, +1 with each repair. */
  readonly generation: number
  readonly rowGroup: RowGroup
  readonly rowsWanted: number
  readonly rowsWritten: number
  readonly dropped: readonly DroppedRow[]
  /** Refill number of every row that is not at 0, as [row, refill]. */
  readonly refilled: readonly (readonly [row: number, refill: number])[]
  readonly usage: Usage
  /** Answers that were paid for and not needed, since their calls had been answered already; absent when there are none. */
  readonly paidTwice?: { readonly calls: number; readonly inputTokens: number; readonly outputTokens: number }
  readonly seed: string
  readonly bufferSize: number
  readonly targetNumRecords: number
  readonly segments: readonly PlanSegment[]
  readonly sidecars: readonly Sidecar[]
  /** True when any answer came from the rehearsal endpoint. */
  readonly rehearsal: boolean
  /** The repair that wrote it; absent at generation 0. */
  readonly repair?: Repair
  /** Which run and attempt wrote it, and when (ISO 8601, UTC). */
  readonly writtenBy: { readonly runId: string; readonly attempt: number; readonly at: string }
}
