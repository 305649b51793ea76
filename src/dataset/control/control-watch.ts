/**
 * Keeps an eye on `control.json` of every dataset that has an open row group here: one look a second a dataset, however many row groups
 * are open. What cannot be read now changes nothing: what was read last holds.
 *
 * 1. A worker pools the shares of its open row groups: what one of them does not need, the others use.
 * 2. A share is given back only when it is not in use any more: a row group that has ended leaves once its worker has no more calls open
 *    than the others' shares allow. So the workers together never have more calls open than the cap, whoever opens the next row group.
 */
import type { ModelShares } from '../../model/models.ts'
import type { ModelTarget } from '../../model/client.ts'
import type { Budget } from '../../plan/budget.ts'
import { hasOnlyShrunk, poolOf } from '../../plan/shares.ts'
import type { OpenDataset } from '../open-dataset.ts'
import { untilEither } from '../until-either.ts'
import { readControl } from './control-file.ts'
import type { ControlFile } from './control-file.ts'

/** Work on a row group that is controlled. */
export interface ControlledWork {
  /** Its epoch; may rise when an attempt of a later run takes the work over. */
  readonly epoch: () => number
  /** Its place in the run's window; may change likewise. */
  readonly slot: () => number
  /** Its id, and the revision of the last control when it was opened: an earlier one knows nothing of its ceiling. Default: it has none. */
  readonly rowGroup?: () => { readonly id: number; readonly revision: number }
}

/** What the control says to one piece of work. */
export interface Controlled {
  /** Resolves when the run is not paused any more; null while it is not. */
  pause(): Promise<void> | null
  /** The most that its journal may come to, in place of what it was opened with; undefined when nothing was said of it since. */
  ceiling(): Budget | undefined
  /** The work has ended: resolves once its share is free, at once when the signal is aborted. */
  leave(signal: AbortSignal): Promise<void>
}

/** The part of a dataset that is controlled. */
export type ControlledDataset = Pick<OpenDataset, 'storage'> & { readonly compiled: Pick<OpenDataset['compiled'], 'models'> }

/** Watches the controls of datasets. */
export interface ControlWatch {
  /** Reads the control first, and goes on reading it until the work leaves. */
  follow(dataset: ControlledDataset, work: ControlledWork): Promise<Controlled>
}

/** Milliseconds between two looks. */
const LOOK_MS = 1_000
/** Shares that come from other workers are taken after so many looks: by then those have looked. */
const TAKE_AFTER_LOOKS = 2.5

interface Watched {
  readonly owner: string
  readonly targets: Map<string, ModelTarget>
  readonly members: Set<Member>
  /** Aliases that have a share now. */
  readonly shared: Set<string>
  readonly look: () => Promise<void>
  readonly timer: NodeJS.Timeout
  control: ControlFile | null
  /** The order of slots that other workers may still know. */
  moving: { readonly before: readonly number[]; readonly until: number } | null
}

interface Member {
  readonly work: ControlledWork
  pause: { readonly over: Promise<void>; readonly end: () => void } | null
}

/** A watch of one worker, over the models it has. */
export function createControlWatch(shares: ModelShares, lookMs: number = LOOK_MS): ControlWatch {
  const watchedAt = new Map<string, Watched>()

  function open({ storage }: ControlledDataset): Watched {
    const watched: Watched = {
      owner: storage.describe(),
      targets: new Map(),
      members: new Set(),
      shared: new Set(),
      control: null,
      moving: null,
      async look() {
        const control = await readControl(storage).catch(() => null)
        if (control !== null && isLater(control, watched.control)) take(watched, control, lookMs)
        // Also where nothing new was said: the epoch of some work may have risen.
        apply(watched, shares)
      },
      timer: setInterval(() => void watched.look(), lookMs),
    }
    watched.timer.unref()
    return watched
  }

  return {
    async follow(dataset, work) {
      const location = dataset.storage.describe()
      const watched = watchedAt.get(location) ?? open(dataset)
      watchedAt.set(location, watched)
      for (const { target } of Object.values(dataset.compiled.models)) watched.targets.set(target.alias, target)
      const member: Member = { work, pause: null }
      watched.members.add(member)
      await watched.look()
      return {
        pause: () => member.pause?.over ?? null,
        ceiling: () => ceilingOf(watched.control, work),
        async leave(signal) {
          watched.members.delete(member)
          apply(watched, shares)
          await untilEither(shares.drained(watched.owner), signal)
          if (watched.members.size > 0 || watchedAt.get(location) !== watched) return
          clearInterval(watched.timer)
          watchedAt.delete(location)
          shares.release(watched.owner)
        },
      }
    },
  }
}

function isLater(a: ControlFile, b: ControlFile | null): boolean {
  return b === null || a.epoch > b.epoch || (a.epoch === b.epoch && a.revision > b.revision)
}

function take(watched: Watched, control: ControlFile, lookMs: number): void {
  const before = watched.control?.epoch === control.epoch ? watched.control.slots : undefined
  const isMoving = before !== undefined && control.slots !== undefined && !hasOnlyShrunk(control.slots, before)
  watched.moving = isMoving ? { before, until: performance.now() + TAKE_AFTER_LOOKS * lookMs } : null
  watched.control = control
}

function apply(watched: Watched, shares: ModelShares): void {
  const { control, members, shared, targets, owner } = watched
  for (const member of members) setPause(member, control)
  if (watched.moving !== null && performance.now() >= watched.moving.until) watched.moving = null
  const governed = [...members].filter(({ work }) => work.epoch() === control?.epoch)
  const slots = new Set(governed.map(({ work }) => work.slot()))
  // While the last row group leaves, its share is nothing, and not everything.
  const limits = control !== null && (governed.length > 0 || members.size === 0) ? (control.limits ?? {}) : {}
  for (const [alias, target] of targets) {
    const limit = limits[alias]
    if (limit !== undefined) {
      shared.add(alias)
      shares.setShare(owner, target, poolOf(limit, control?.slots ?? [], slots, watched.moving?.before))
    } else if (shared.delete(alias)) shares.setShare(owner, target, null)
  }
}

function ceilingOf(control: ControlFile | null, { epoch, rowGroup }: ControlledWork): Budget | undefined {
  const own = rowGroup?.()
  if (own === undefined || control === null || control.epoch !== epoch() || control.revision <= own.revision) return undefined
  const found = control.ceilings?.find(([id]) => id === own.id)
  return found === undefined ? undefined : { money: found[1], tokens: found[2] }
}

function setPause(member: Member, control: ControlFile | null): void {
  const isPaused = control?.paused === true && control.epoch === member.work.epoch()
  if (isPaused === (member.pause !== null)) return
  if (isPaused) {
    let end: () => void = () => undefined
    const over = new Promise<void>((resolve) => (end = resolve))
    member.pause = { over, end }
  } else {
    const { pause } = member
    member.pause = null
    pause?.end()
  }
}
