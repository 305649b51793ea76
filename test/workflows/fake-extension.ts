/** Activities for the firing of a schedule whose dataset needs no folder. */
import type { ExtendDatasetInput, ScheduleActivities, StagedExtension, StageExtensionInput } from '../../src/schedule-contract.ts'
import type { ParquetryActivities, RunOptions } from '../../src/contract.ts'
import { createFakes } from './fake-activities.ts'
import type { FakeDisk, FakeOptions } from './fake-activities.ts'

/** What the fakes were asked. */
export interface FakeExtension {
  readonly activities: ParquetryActivities & ScheduleActivities
  readonly disk: FakeDisk
  readonly staged: StageExtensionInput[]
  readonly withdrawn: string[]
}

/** What they do beyond succeeding at once. */
export interface FakeExtensionOptions {
  readonly id: string
  readonly fake: FakeOptions
  /** The dataset is unfinished at first. Default false. */
  readonly isUnfinished?: boolean
  /** Called before a request is staged; may throw. */
  readonly onStage?: (input: StageExtensionInput) => void
}

/** A dataset and the activities over it. */
export function createFakeExtension({ id, fake, isUnfinished = false, onStage }: FakeExtensionOptions): FakeExtension {
  const { activities, disk } = createFakes(fake)
  const staged: StageExtensionInput[] = []
  const withdrawn: string[] = []
  return {
    disk,
    staged,
    withdrawn,
    activities: {
      ...activities,
      async stageExtension(input): Promise<StagedExtension> {
        staged.push(input)
        onStage?.(input)
        const kind = isUnfinished && input.mayFinish ? 'finish' : 'extend'
        const dataset = { location: '/fake', datasetId: id, fingerprint: 'sha256:0' }
        return { kind, dataset, datasetName: 'fake', numRecords: fake.numRecords }
      },
      async withdrawExtension({ requestId }) {
        withdrawn.push(requestId)
      },
    },
  }
}

/** Input of a firing. */
export function extensionInput(id: string, options: RunOptions = {}): ExtendDatasetInput {
  return {
    dataset: { location: '/fake', datasetId: id },
    datasetName: 'fake',
    extendBy: 4,
    server: 'server',
    options: { heartbeatTimeoutMs: 5_000, checkpointIntervalMs: 20, probeIntervalMs: 200, ...options },
  }
}
