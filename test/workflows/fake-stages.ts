/** Activities for a composite whose stages need no folder: each dataset has a disk of its own. */
import type { CompositeActivities, GenerateCompositeInput, PrepareStageInput, SettleStageInput } from '../../src/composite-contract.ts'
import type { ParquetryActivities, RunOptions } from '../../src/contract.ts'
import type { FakeDisk, FakeOptions } from './fake-activities.ts'
import { createFakes } from './fake-activities.ts'

/** What the fakes were asked, and what they hold. */
export interface FakeComposite {
  readonly activities: ParquetryActivities & CompositeActivities
  readonly prepared: PrepareStageInput[]
  readonly settled: SettleStageInput[]
  /** By the index of the stage. */
  disk(index: number): FakeDisk
}

/** What they do beyond succeeding at once. */
export interface FakeCompositeOptions {
  /** Makes the ids of the stages' datasets unique. */
  readonly id: string
  /** Of the datasets of all stages. */
  readonly fake: FakeOptions
  /** Called before a stage is prepared; may throw. */
  readonly onPrepare?: (input: PrepareStageInput) => void
  /** Called before a row group of a stage commits; may throw. */
  readonly onGroup?: (stage: number) => void
}

/** Dataset id of a stage. */
export function stageDataset(id: string, index: number): string {
  return `${id}-stage-${index}`
}

/** Disks and the activities over them. */
export function createFakeComposite({ id, fake, onPrepare, onGroup }: FakeCompositeOptions): FakeComposite {
  const fakes = new Map<string, ReturnType<typeof createFakes>>()
  function of(datasetId: string): ReturnType<typeof createFakes> {
    const made = fakes.get(datasetId) ?? createFakes({ ...fake, onGroup: () => onGroup?.(Number(datasetId.at(-1))) })
    fakes.set(datasetId, made)
    return made
  }
  const prepared: PrepareStageInput[] = []
  const settled: SettleStageInput[] = []
  const route =
    <Name extends keyof ParquetryActivities>(name: Name) =>
    (input: Parameters<ParquetryActivities[Name]>[0]): unknown =>
      (of(input.dataset.datasetId).activities[name] as (input: unknown) => unknown)(input)
  const names = [
    'prepareDataset',
    'scanDataset',
    'generateRowGroup',
    'repairRowGroup',
    'writeCheckpoint',
    'writeControl',
    'runProcessors',
    'profileDataset',
  ] as const
  const activities = {
    ...Object.fromEntries(names.map((name) => [name, route(name)])),
    async prepareStage(input: PrepareStageInput) {
      prepared.push(input)
      onPrepare?.(input)
      const dataset = { location: `/fake/${input.index}`, datasetId: stageDataset(id, input.index), fingerprint: 'sha256:0' }
      return { kind: 'ready', dataset, datasetName: `stage-${input.index}`, requestId: 'request', numRecords: fake.numRecords, note: null }
    },
    async settleStage(input: SettleStageInput) {
      settled.push(input)
      return { outputRecords: input.end === 'complete' ? fake.numRecords : 0 }
    },
  } as unknown as ParquetryActivities & CompositeActivities
  return { activities, prepared, settled, disk: (index) => of(stageDataset(id, index)).disk }
}

/** Input of a composite of so many stages, one after the other. */
export function compositeInput(id: string, stages: number, options: RunOptions = {}): GenerateCompositeInput {
  return {
    composite: { location: '/fake', compositeId: id },
    name: 'fake',
    requestId: 'request',
    server: 'server',
    fingerprint: 'sha256:0',
    stages: Array.from({ length: stages }, (_, index) => ({
      index,
      name: `s${index}`,
      upstream: index === 0 ? null : index - 1,
      expectedRecords: 10,
    })),
    options: { heartbeatTimeoutMs: 5_000, checkpointIntervalMs: 20, probeIntervalMs: 200, ...options },
  }
}
