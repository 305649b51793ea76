/** All that the domain knows of effects, by type; the composition root in `src/worker/` gives them values. */
import type { ColumnGenerators } from '../columns/custom-generator.ts'
import type { OpenPeople } from '../columns/sampler/people.ts'
import type { ToolServers } from '../mcp/tools.ts'
import type { Models } from '../model/client.ts'
import type { Storage } from '../storage/storage.ts'
import type { Schema, Table } from '../values.ts'
import type { Validation } from './row-group/cell-checks.ts'
import type { OpenGroups } from './row-group/open-groups.ts'
import type { ControlWatch } from './control/control-watch.ts'
import type { OwnerWatch } from './owner/owner-watch.ts'
import type { Receipt } from './receipt.ts'

/** Effects of a worker, shared by all datasets it serves. */
export interface DatasetPorts {
  /** The storage of a dataset folder. */
  openStorage(location: string): Storage
  readonly models: Models
  /** Servers of tools (MCP). Default: there are none. */
  readonly toolServers?: ToolServers
  readonly encoder: TableEncoder
  /** The row groups this worker has open: attempts at one of them share its calls. */
  readonly openGroups: OpenGroups<Receipt>
  readonly ownerWatch: OwnerWatch
  readonly controlWatch: ControlWatch
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** One line for people; never a prompt, an answer or a key. */
  log(message: string, facts?: Readonly<Record<string, unknown>>): void
  /** Post-generation processors registered on the worker, by name, in the order in which they run. */
  readonly datasetProcessors: readonly DatasetProcessor[]
  /** Column generators registered on the worker, by name. Default none. */
  readonly columnGenerators?: ColumnGenerators
  /** Reads managed people. Default: there are none. */
  readonly openPeople?: OpenPeople
  /** Judges cells of validation columns. Default: nothing does. */
  readonly validation?: Validation
}

/** Turns a table into the bytes of one parquet file, off the event loop. */
export interface TableEncoder {
  /** `receipt` becomes the footer's `parquetry.receipt`; a sidecar has none. */
  encode(schema: Schema, table: Table, receipt: object | null): Promise<Uint8Array>
  close(): Promise<void>
}

/**
 * A processor over the whole dataset. It reads committed row groups and writes elsewhere, never into them. It runs when the dataset
 * is complete and its outputs are missing or were made from other row groups.
 */
export interface DatasetProcessor {
  /** Names its folder in `processors-files/`: one that no other processor has, without a dot at the start. */
  readonly name: string
  /** `always`: for every dataset; `when-named`: only where a config names it under `parquetry.processors`. Default `always`. */
  readonly runs?: 'always' | 'when-named'
  /** Stands for what it does: outputs of another version are made anew. Default none. */
  readonly version?: string
  /**
   * Output files by name, which may contain `/`, made from the row groups' tables in row-group order; `tables` begins anew each time
   * it is iterated. What it throws ends the run as `PROCESSOR_FAILED`, except for errors that waiting can cure. The event loop must
   * get a turn every few seconds: without heartbeats the attempt counts as dead.
   */
  process(tables: DatasetTables, schema: Schema, context: ProcessorContext): AsyncIterable<ProcessorOutput>
}

/** Rows that a processor reads: those of the row groups, or those that an earlier processor of the config left. */
export interface DatasetTables extends AsyncIterable<Table> {
  /** Only these columns, which costs less; begins anew each time it is iterated. */
  select(columns: readonly string[]): AsyncIterable<Table>
  /** Rows of all tables and bytes of their files, from footers. */
  size(): Promise<{ readonly rows: number; readonly bytes: number }>
}

/** What a processor is given besides rows. */
export interface ProcessorContext {
  /** What the config says under `options`; an empty mapping when it does not name the processor. */
  readonly options: Readonly<Record<string, unknown>>
  /** Files for the time of this attempt, for what memory cannot hold. */
  readonly scratch: Scratch
}

/** Files that are gone when a processor has ended. */
export interface Scratch {
  write(name: string, bytes: Uint8Array): Promise<void>
  /** Throws `STORAGE_FAILED` when there is no such file. */
  read(name: string): Promise<Uint8Array>
}

/** One output file of a processor. */
export interface ProcessorOutput {
  readonly name: string
  /** Whole, or part by part: then no more than a part need be in memory. */
  readonly bytes: Uint8Array | AsyncIterable<Uint8Array>
}

/** Who does a row group, for names and receipts. */
export interface Attempt {
  readonly runId: string
  /** Temporal's attempt number, from 1. */
  readonly attempt: number
}
