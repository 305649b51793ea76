/** Activities over a disk that is a set of row group ids: what the workflow does can be seen, and what it meets can be set. */
import { ApplicationFailure, Context } from '@temporalio/activity'
import { addUsage, NO_USAGE } from '../../src/contract.ts'
import type {
  CheckpointInput,
  ControlInput,
  Finding,
  GenerateRowGroupInput,
  ParquetryActivities,
  PreparedDataset,
  PrepareInput,
  RepairRowGroupInput,
  RunProcessorsInput,
  ScanInput,
  Usage,
} from '../../src/contract.ts'
import { fromIds } from '../../src/plan/range-set.ts'
import { planSegments, rowGroupById, rowGroupCount } from '../../src/plan/row-groups.ts'

/** A dataset that needs no folder. */
export interface FakeDisk {
  readonly committed: Set<number>
  /** Every start of a row group, in order. */
  readonly generated: number[]
  readonly probes: boolean[]
  readonly scans: ScanInput[]
  readonly checkpoints: CheckpointInput[]
  readonly controls: ControlInput[]
  readonly processorCalls: RunProcessorsInput[]
  readonly prepared: PrepareInput[]
  /** Every start of a repair, in order. */
  readonly repairs: RepairRowGroupInput[]
  /** Rows of a row group that repairs have filled. */
  readonly filled: Map<number, number>
  /** Slots of `generated`, in the same order. */
  readonly slots: number[]
  /** Row groups that were asked for before any checkpoint had them in its plan. */
  readonly unknownGroups: number[]
  slotClashes: number
  /** Tokens in journals, of committed row groups too. */
  readonly journals: Map<number, number>
  openNow: number
  openMost: number
  overlaps: number
  profiled: number
}

/** What the fakes do beyond succeeding at once. */
export interface FakeOptions {
  /** What the profile lacks. Default nothing. */
  readonly profileFindings?: readonly Finding[]
  readonly numRecords: number
  readonly bufferSize: number
  readonly window?: number
  readonly maxDroppedRows?: number
  /** What prepare says of outputs and profile. Default false. */
  readonly isProcessingDue?: boolean
  /** Milliseconds a row group takes. Default 1. */
  readonly groupMs?: number
  readonly checkpointMs?: number
  /** Milliseconds the processors take. Default 0. */
  readonly processMs?: number
  /** As prepare finds them in the config. Default none. */
  readonly models?: PreparedDataset['models']
  readonly budget?: PreparedDataset['budget']
  readonly unpricedModels?: readonly string[]
  /** Tokens of a row group; more than its ceiling, and it ends there with `BUDGET_REACHED`, in steps of 10. Default 5. */
  readonly tokensOf?: (id: number) => number
  /** Tokens in journals at the start, by row group. Default none. */
  readonly journals?: readonly (readonly [id: number, tokens: number])[]
  /** Called before a row group commits; may throw. */
  readonly onGroup?: (input: GenerateRowGroupInput) => Promise<void> | void
  /** Rows dropped of a row group. */
  readonly droppedOf?: (id: number) => number
  /** Called before a repair commits; answers how many dropped rows it fills; may throw. Default: all. */
  readonly onRepair?: (input: RepairRowGroupInput) => Promise<number> | number
}

/** A disk and the activities over it. */
export function createFakes(options: FakeOptions): { disk: FakeDisk; activities: ParquetryActivities } {
  let segments = planSegments(options.numRecords, options.bufferSize)
  const disk: FakeDisk = {
    committed: new Set(),
    generated: [],
    probes: [],
    scans: [],
    checkpoints: [],
    controls: [],
    processorCalls: [],
    prepared: [],
    repairs: [],
    filled: new Map(),
    slots: [],
    unknownGroups: [],
    slotClashes: 0,
    journals: new Map(options.journals),
    openNow: 0,
    openMost: 0,
    overlaps: 0,
    profiled: 0,
  }
  const open = new Set<number>()
  const openSlots = new Set<number>()
  const dropped = (id: number): number => (options.droppedOf?.(id) ?? 0) - (disk.filled.get(id) ?? 0)
  const written = (id: number): number => {
    const { start, end } = rowGroupById(segments, id)
    return end - start - dropped(id)
  }
  const usageOf = (id: number): Usage => ({ calls: 1, inputTokens: 2, outputTokens: (options.tokensOf?.(id) ?? 5) - 2, cost: 0 })
  /** As a row group does that asks for 10 tokens at a time. */
  function spend({ rowGroup: { id }, ceiling }: GenerateRowGroupInput): void {
    const wanted = options.tokensOf?.(id) ?? 5
    const most = ceiling?.tokens ?? Number.POSITIVE_INFINITY
    const spent = wanted <= most ? wanted : Math.max(disk.journals.get(id) ?? 0, Math.floor(most / 10) * 10)
    disk.journals.set(id, spent)
    if (spent >= wanted) return
    const report = { spent: { money: 0, tokens: spent }, needed: { money: 0, tokens: 10 } }
    throw ApplicationFailure.create({ type: 'BUDGET_REACHED', message: 'used up', nonRetryable: true, details: [report] })
  }
  const activities: ParquetryActivities = {
    async prepareDataset(input) {
      disk.prepared.push(input)
      return {
        datasetName: 'fake',
        segments,
        targetNumRecords: options.numRecords,
        maxConcurrentRowGroups: options.window ?? 4,
        maxDroppedRows: options.maxDroppedRows ?? 0,
        rehearsal: false,
        currency: null,
        epoch: 1,
        isProcessingDue: options.isProcessingDue ?? false,
        ...(options.models === undefined ? {} : { models: options.models }),
        ...(options.budget === undefined ? {} : { budget: options.budget }),
        ...(options.unpricedModels === undefined ? {} : { unpricedModels: options.unpricedModels }),
      }
    },
    async scanDataset(input) {
      disk.scans.push(input)
      const ids = [...disk.committed].filter((id) => id >= input.firstId && id < input.endId)
      return {
        committed: fromIds(ids),
        checkpointed: fromIds(ids),
        totals: {
          rowGroups: ids.length,
          rowsWritten: ids.reduce((total, id) => total + written(id), 0),
          rowsDropped: ids.reduce((total, id) => total + dropped(id), 0),
          usage: options.tokensOf === undefined ? NO_USAGE : ids.map(usageOf).reduce(addUsage, NO_USAGE),
        },
        ...(input.countsJournals === true
          ? { journals: [...disk.journals].filter(([id]) => !disk.committed.has(id)).map(([id, tokens]) => [id, 0, tokens] as const) }
          : {}),
        findings: [],
        withDropped: fromIds(ids.filter((id) => dropped(id) > 0)),
      }
    },
    async generateRowGroup(input) {
      const { id } = input.rowGroup
      disk.generated.push(id)
      disk.probes.push(input.isProbe)
      if (open.has(id)) disk.overlaps += 1
      open.add(id)
      const { slot = 0 } = input
      disk.slots.push(slot)
      if (openSlots.has(slot)) disk.slotClashes += 1
      openSlots.add(slot)
      if (id >= rowGroupCount(segments)) disk.unknownGroups.push(id)
      disk.openNow += 1
      disk.openMost = Math.max(disk.openMost, disk.openNow)
      try {
        const beat = setInterval(() => Context.current().heartbeat({ id }), 50)
        try {
          await Promise.race([new Promise((resolve) => setTimeout(resolve, options.groupMs ?? 1)), Context.current().cancelled])
          await options.onGroup?.(input)
          spend(input)
        } finally {
          clearInterval(beat)
        }
        const isNew = !disk.committed.has(id)
        disk.committed.add(id)
        return {
          id,
          rowsWritten: written(id),
          rowsDropped: dropped(id),
          usage: usageOf(id),
          isNew,
        }
      } finally {
        disk.openNow -= 1
        open.delete(id)
        openSlots.delete(slot)
      }
    },
    async repairRowGroup(input) {
      const { id } = input.rowGroup
      disk.repairs.push(input)
      if (open.size > 0) disk.overlaps += 1
      open.add(id)
      const beat = setInterval(() => Context.current().heartbeat({ id }), 50)
      try {
        await Promise.race([new Promise((resolve) => setTimeout(resolve, options.groupMs ?? 1)), Context.current().cancelled])
        const rowsFilled = (await options.onRepair?.(input)) ?? dropped(id)
        disk.filled.set(id, (disk.filled.get(id) ?? 0) + rowsFilled)
        const usageAdded = { calls: rowsFilled, inputTokens: 0, outputTokens: 0, cost: 0 }
        const facts = { id, rowsWritten: written(id), rowsDropped: dropped(id), usage: usageAdded, isNew: true }
        return { ...facts, rowsFilled, usageAdded, droppedBefore: [] }
      } finally {
        clearInterval(beat)
        open.delete(id)
      }
    },
    async writeCheckpoint(input) {
      disk.checkpoints.push(input)
      segments = input.segments
      if (options.checkpointMs !== undefined) await new Promise((resolve) => setTimeout(resolve, options.checkpointMs))
    },
    async writeControl(input) {
      disk.controls.push(input)
    },
    async runProcessors(input) {
      disk.processorCalls.push(input)
      if (options.processMs !== undefined) await new Promise((resolve) => setTimeout(resolve, options.processMs))
      return { ran: [] }
    },
    async profileDataset() {
      disk.profiled += 1
      return { findings: options.profileFindings ?? [] }
    },
  }
  return { disk, activities }
}

/** A failure that makes the run wait. */
export function blocked(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message, nonRetryable: true })
}
