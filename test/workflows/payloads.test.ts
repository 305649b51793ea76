import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DropReason, Finding, ParquetryActivities } from '../../src/contract.ts'
import { GENERATE_DATASET } from '../../src/contract.ts'
import { packScan, unpackScan } from '../../src/plan/packed-ranges.ts'
import type { Harness } from '../helpers/temporal.ts'
import { openHarness } from '../helpers/temporal.ts'
import { payloadsOf } from '../helpers/payloads.ts'
import { createFakes } from './fake-activities.ts'

let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(async () => {
  await harness?.close()
})

const KINDS = ['unknown-to-checkpoint', 'damaged', 'foreign', 'adopted', 'ignored', 'missing', 'rebuilt', 'stale'] as const
const findings: readonly Finding[] = KINDS.map((kind) => ({
  kind,
  count: 1_000,
  message: `1,000 files ${kind}: ${'batch_00001.parquet, '.repeat(40)}`,
}))
const reasonsOf = (rows: number): readonly DropReason[] =>
  Array.from({ length: 16 }, (_, at) => ({ code: 'ANSWER_NOT_OF_SCHEMA', column: `a_column_with_a_long_name_${at}`, rows }))

/** Row groups that each drop rows for 16 reasons, on a disk with a hole after every row group and a finding of every kind. */
function crowded(numRecords: number): ParquetryActivities {
  const { disk, activities } = createFakes({ numRecords, bufferSize: 16, window: 8, maxDroppedRows: numRecords, droppedOf: () => 16 })
  for (let id = 0; id < numRecords / 16; id += 2) disk.committed.add(id)
  return {
    ...activities,
    async scanDataset(input) {
      const scan = await activities.scanDataset(input)
      return packScan({ ...unpackScan(scan), findings, totals: { ...scan.totals, dropReasons: reasonsOf(scan.totals.rowGroups) } })
    },
    async generateRowGroup(input) {
      return { ...(await activities.generateRowGroup(input)), dropReasons: reasonsOf(1) }
    },
  }
}

describe('a run that meets much', () => {
  it('keeps every payload of its histories within 4 KiB, over continue-as-new', async () => {
    const taskQueue = `payloads-${randomUUID()}`
    await harness.withWorker({ taskQueue, activities: crowded(16 * 400) }, async () => {
      const input = {
        dataset: { location: `/data/${'folder/'.repeat(20)}`, datasetId: taskQueue, fingerprint: `sha256:${'0'.repeat(64)}` },
        requestId: 'request',
        server: 'server',
        options: { checkpointIntervalMs: 100, continueAsNewAfterEvents: 300, hasSearchAttributes: true },
      }
      const handle = await harness.client.workflow.start(GENERATE_DATASET, { taskQueue, workflowId: taskQueue, args: [input] })
      await handle.result()
      const { payloads, runs } = await payloadsOf(harness.client, handle)
      expect(runs).toBeGreaterThan(1)
      expect(payloads.length).toBeGreaterThan(400)
      expect(payloads.filter(({ bytes }) => bytes > 4_096)).toEqual([])
    })
  })
})
