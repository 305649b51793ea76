/**
 * Keeps an eye on `control.json` of every dataset that has an open row group here: one look a second a dataset, however many row groups
 * are open. What cannot be read now changes nothing: what was read last holds.
 */
import type { Storage } from '../../storage/storage.ts'
import { readControl } from './control-file.ts'
import type { ControlFile } from './control-file.ts'

/** Work on a row group that is controlled. */
export interface ControlledWork {
  /** Its epoch; may rise when an attempt of a later run takes the work over. */
  readonly epoch: () => number
}

/** What the control says to one piece of work. */
export interface Controlled {
  /** Resolves when the run is not paused any more; null while it is not. */
  pause(): Promise<void> | null
  /** The work has ended. */
  leave(): void
}

/** Watches the controls of datasets. */
export interface ControlWatch {
  /** Reads the control first, and goes on reading it until the work leaves. */
  follow(storage: Storage, work: ControlledWork): Promise<Controlled>
}

/** Milliseconds between two looks. */
const LOOK_MS = 1_000

interface Watched {
  readonly members: Set<Member>
  readonly look: () => Promise<void>
  readonly timer: NodeJS.Timeout
  control: ControlFile | null
}

interface Member {
  readonly work: ControlledWork
  pause: { readonly over: Promise<void>; readonly end: () => void } | null
}

/** A watch of one worker. */
export function createControlWatch(lookMs: number = LOOK_MS): ControlWatch {
  const watchedAt = new Map<string, Watched>()

  function open(storage: Storage): Watched {
    const watched: Watched = {
      members: new Set(),
      control: null,
      async look() {
        const control = await readControl(storage).catch(() => null)
        if (control !== null && isLater(control, watched.control)) watched.control = control
        // Also where nothing new was said: the epoch of some work may have risen.
        for (const member of watched.members) setPause(member, watched.control)
      },
      timer: setInterval(() => void watched.look(), lookMs),
    }
    watched.timer.unref()
    return watched
  }

  return {
    async follow(storage, work) {
      const location = storage.describe()
      const watched = watchedAt.get(location) ?? open(storage)
      watchedAt.set(location, watched)
      const member: Member = { work, pause: null }
      watched.members.add(member)
      await watched.look()
      return {
        pause: () => member.pause?.over ?? null,
        leave() {
          watched.members.delete(member)
          if (watched.members.size > 0) return
          clearInterval(watched.timer)
          if (watchedAt.get(location) === watched) watchedAt.delete(location)
        },
      }
    },
  }
}

function isLater(a: ControlFile, b: ControlFile | null): boolean {
  return b === null || a.epoch > b.epoch || (a.epoch === b.epoch && a.revision > b.revision)
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
