/** Messages to an open run: each is sent, answered with the state that holds from then on, and leaves the run to whoever serves it. */
import { ParquetryClient } from '../../client/parquetry-client.ts'
import type { RunHandle } from '../../client/run-handle.ts'
import type { BudgetRequest, ModelLimitsRequest, RunState } from '../../contract.ts'
import { ParquetryError } from '../../errors.ts'
import type { CommandContext } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { findDataset } from '../find-dataset.ts'
import { count } from '../format.ts'
import { commandLine, datasetArgument } from '../shell.ts'

/** Flags of all of them. */
export interface ControlFlags {
  readonly artifactPath: string
}

/** What a message came to. */
interface Answered {
  /** For people. */
  readonly text: string
  /** For machines. */
  readonly facts: object
}

/** Longest wait until a message shows in the state, in ms; it is followed in any case. */
const SEEN_MS = 5_000

/** `pause`: no call is begun any more. */
export async function pause(dataset: string, flags: ControlFlags, context: CommandContext): Promise<number> {
  return await tell('pause', dataset, flags, context, async (run) => {
    await run.pause()
    const seen = await whenSeen(run, ['paused'])
    const going = seen === null || seen.callsInFlight === 0 ? '' : `; ${count(seen.callsInFlight)} calls in flight finish and are kept`
    const goOn = commandLine('resume', datasetArgument(run.location))
    return { text: `within a second no call is begun any more${going}; it goes on with ${goOn}`, facts: { state: seen?.state ?? null } }
  })
}

/** `stop`: the run ends cleanly, to be resumed. */
export async function stop(dataset: string, flags: ControlFlags & { readonly now?: boolean }, context: CommandContext): Promise<number> {
  return await tell('stop', dataset, flags, context, async (run) => {
    await run.stop(flags.now === true ? { now: true } : {})
    const seen = await whenSeen(run, ['stopping', 'stopped'])
    const what = flags.now === true ? 'open row groups are given up, their answers kept' : 'open row groups are finished, then it ends'
    return { text: `${what}; going on repeats no call`, facts: { state: seen?.state ?? null } }
  })
}

/** `cancel`: the run ends as cancelled. */
export async function cancel(dataset: string, flags: ControlFlags, context: CommandContext): Promise<number> {
  return await tell('cancel', dataset, flags, context, async (run) => {
    await run.cancel()
    return { text: 'answers in flight are kept, then it ends; it can be resumed', facts: {} }
  })
}

/** `extend`: more rows. */
export async function extend(dataset: string, numRecords: number, flags: ControlFlags, context: CommandContext): Promise<number> {
  return await tell('extend', dataset, flags, context, async (run) => {
    const answer = await run.extend(numRecords)
    return {
      text: `${count(answer.targetNumRecords)} rows in ${count(answer.rowGroupsWanted)} row groups are wanted`,
      facts: answer,
    }
  })
}

/** `set-concurrency`: row groups open at once. */
export async function setConcurrency(dataset: string, window: number, flags: ControlFlags, context: CommandContext): Promise<number> {
  return await tell('set-concurrency', dataset, flags, context, async (run) => {
    const maxConcurrentRowGroups = await run.setMaxConcurrentRowGroups(window)
    return { text: `${count(maxConcurrentRowGroups)} row groups are open at once`, facts: { maxConcurrentRowGroups } }
  })
}

/** Flags of `set-limits`. */
export interface LimitsFlags extends ControlFlags {
  readonly parallel?: number
  readonly requestsPerMinute?: Limit
  readonly tokensPerMinute?: Limit
}

/** A number, or no limit. */
type Limit = number | 'none'

function limitOf(limit: Limit): number | null {
  return limit === 'none' ? null : limit
}

/** `set-limits`: what the run may ask of a model. */
export async function setLimits(dataset: string, alias: string, flags: LimitsFlags, context: CommandContext): Promise<number> {
  const { parallel, requestsPerMinute, tokensPerMinute } = flags
  const request: ModelLimitsRequest = {
    alias,
    ...(parallel === undefined ? {} : { parallel }),
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute: limitOf(requestsPerMinute) }),
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute: limitOf(tokensPerMinute) }),
  }
  return await tell('set-limits', dataset, flags, context, async (run) => {
    const answer = await run.setModelLimits(request)
    const rate = (what: string, perMinute: number | null): string => (perMinute === null ? '' : `, ${count(perMinute)} ${what} a minute`)
    const rates = `${rate('requests', answer.requestsPerMinute)}${rate('tokens', answer.tokensPerMinute)}`
    return { text: `${answer.alias}: ${count(answer.parallel)} calls at once${rates}, over all workers of the run`, facts: answer }
  })
}

/** Flags of `set-budget`. */
export interface BudgetFlags extends ControlFlags {
  readonly tokens?: Limit
}

/** `set-budget`: what the dataset may cost; `none` alone takes every limit away. */
export async function setBudget(dataset: string, amount: Limit | undefined, flags: BudgetFlags, context: CommandContext): Promise<number> {
  const tokens = flags.tokens ?? (amount === 'none' ? amount : undefined)
  const request: BudgetRequest = {
    ...(amount === undefined ? {} : { money: limitOf(amount) }),
    ...(tokens === undefined ? {} : { tokens: limitOf(tokens) }),
  }
  return await tell('set-budget', dataset, flags, context, async (run) => {
    const answer = await run.setBudget(request)
    const { money: limit = null, tokens: most = null } = answer.budget ?? {}
    const parts = [
      ...(limit === null ? [] : [`${amountText(answer.spent.money)} of ${amountText(limit)} spent`]),
      ...(most === null ? [] : [`${count(answer.spent.tokens)} of ${count(most)} tokens used`]),
    ]
    const text = parts.length === 0 ? 'no budget any more' : `${parts.join(', ')}, what open row groups have used not counted`
    return { text, facts: answer }
  })
}

function amountText(value: number): string {
  return String(Number(value.toPrecision(6)))
}

async function tell(
  message: string,
  dataset: string,
  flags: ControlFlags,
  { output, env }: CommandContext,
  send: (run: RunHandle) => Promise<Answered>,
): Promise<number> {
  const location = findDataset(dataset, flags.artifactPath)
  const client = await ParquetryClient.connect({ env })
  try {
    const run = await client.findOpen(location)
    if (run === null) {
      throw new ParquetryError('RUN_NOT_OPEN', `expected an open run of ${location}, found none`, {
        wayOut: `${commandLine('resume', datasetArgument(location))}   goes on with the dataset`,
      })
    }
    const { text, facts } = await send(run)
    output.emit(message, { location, workflowId: run.workflowId, ...facts })
    output.say(`${message.padEnd(8)} ${run.datasetName}: ${text}`)
    return EXIT.complete
  } finally {
    await client.close()
  }
}

/** The run once it is in one of the states; as it is after a while, or null where nobody can say. */
async function whenSeen(run: RunHandle, states: readonly RunState[]): Promise<{ state: RunState; callsInFlight: number } | null> {
  const deadline = Date.now() + SEEN_MS
  let seen: { state: RunState; callsInFlight: number } | null = null
  while (Date.now() < deadline) {
    const look = run.readProgress().catch(() => null)
    seen = (await Promise.race([look, sleep(deadline - Date.now()).then(() => null)])) ?? seen
    if (seen !== null && states.includes(seen.state)) return seen
    await sleep(100)
  }
  return seen
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
