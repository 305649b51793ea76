/** One run of one composite, as its owner or any onlooker sees it. */
import type { CompositeProgress, CompositeResult, StageReport } from '../composite-contract.ts'
import { readProgress } from './progress.ts'
import type { RunProgress } from './progress.ts'
import { RunHandle } from './run-handle.ts'
import type { RunHandleParts } from './run-handle.ts'

/** One look at a composite: that of a dataset, summed over its stages, and the stages. */
export interface CompositeRunProgress extends RunProgress {
  readonly stages: readonly StageReport[]
}

/** States in which a stage's run is open. */
const OPEN: ReadonlySet<StageReport['state']> = new Set(['preparing', 'generating', 'waiting', 'paused', 'stopping', 'processing'])

/** A run of `generateComposite`. `pause`, `resume`, `stop` and `cancel` reach the stage whose turn it is. */
export class CompositeHandle extends RunHandle {
  readonly #parts: RunHandleParts

  constructor(parts: RunHandleParts) {
    super(parts)
    this.#parts = parts
  }

  override async result(): Promise<CompositeResult> {
    return (await super.result()) as CompositeResult
  }

  /** One look: the open stage by what its own run and its row groups say, the others as they ended. */
  override async readProgress(): Promise<CompositeRunProgress> {
    const { client, handle } = this.#parts
    const whole = (await readProgress(client, handle)) as CompositeProgress & RunProgress
    const open = whole.stages.find(({ state, workflowId }) => workflowId !== null && OPEN.has(state))
    if (open === undefined || open.workflowId === null) return whole
    const stage = await readProgress(client, client.workflow.getHandle(open.workflowId)).catch(() => null)
    return stage === null ? whole : merge(whole, open, stage)
  }
}

function merge(whole: CompositeProgress & RunProgress, open: StageReport, stage: RunProgress): CompositeRunProgress {
  const { totals } = open
  return {
    ...whole,
    datasetName: `${whole.datasetName}: ${open.name}`,
    rowsDone: whole.rowsDone - totals.rowsWritten + stage.rowsDone,
    rowsDropped: whole.rowsDropped - totals.rowsDropped + stage.rowsDropped,
    usage: {
      ...whole.usage,
      calls: whole.usage.calls - totals.usage.calls + stage.usage.calls,
      inputTokens: whole.usage.inputTokens - totals.usage.inputTokens + stage.usage.inputTokens,
      outputTokens: whole.usage.outputTokens - totals.usage.outputTokens + stage.usage.outputTokens,
      cost: whole.usage.cost - totals.usage.cost + stage.usage.cost,
    },
    blocked: stage.blocked ?? whole.blocked,
    rowGroupsOpen: stage.rowGroupsOpen,
    callsInFlight: stage.callsInFlight,
    openRowGroups: stage.openRowGroups,
    quietSince: stage.quietSince,
    retrying: whole.retrying ?? stage.retrying,
    rehearsal: whole.rehearsal || stage.rehearsal,
    currency: whole.currency ?? stage.currency,
    stages: whole.stages.map((each) =>
      each === open ? { ...open, totals: { ...stage.totals, rowsWritten: stage.rowsDone, rowsDropped: stage.rowsDropped } } : each,
    ),
  }
}
