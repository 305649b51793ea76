/** All that the domain knows of effects, by type; the composition root in `src/worker/` gives them values. */
import type { Models } from '../model/client.ts'
import type { Storage } from '../storage/storage.ts'
import type { Schema, Table } from '../values.ts'
import type { OpenGroups } from './open-groups.ts'
import type { OwnerWatch } from './owner-watch.ts'
import type { Receipt } from './receipt.ts'

/** Effects of a worker, shared by all datasets it serves. */
export interface DatasetPorts {
  /** The storage of a dataset folder. */
  openStorage(location: string): Storage
  readonly models: Models
  readonly encoder: TableEncoder
  /** The row groups this worker has open: attempts at one of them share its calls. */
  readonly openGroups: OpenGroups<Receipt>
  readonly ownerWatch: OwnerWatch
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** One line for people; never a prompt, an answer or a key. */
  log(message: string, facts?: Readonly<Record<string, unknown>>): void
  /** Post-generation processors registered on the worker, by name, in the order in which they run. */
  readonly datasetProcessors: readonly DatasetProcessor[]
}

/** Turns a table into the bytes of one parquet file, off the event loop. */
export interface TableEncoder {
  /** `receipt` becomes the footer's `parquetry.receipt`; a sidecar has none. */
  encode(schema: Schema, table: Table, receipt: object | null): Promise<Uint8Array>
  close(): Promise<void>
}

/** A processor over the whole dataset. It reads committed row groups and writes elsewhere, never into them. */
export interface DatasetProcessor {
  readonly name: string
  /** Output files by name, made from the row groups' tables in row-group order. */
  process(tables: AsyncIterable<Table>, schema: Schema): AsyncIterable<{ readonly name: string; readonly bytes: Uint8Array }>
}

/** Who does a row group, for names and receipts. */
export interface Attempt {
  readonly runId: string
  /** Temporal's attempt number, from 1. */
  readonly attempt: number
}
