/**
 * Keeps an eye on the claim of every dataset that has an open row group here: it is renewed while somebody works, and work of an epoch
 * that no longer owns the folder is told to end. One look a second a dataset, however many row groups are open.
 */
import type { Storage } from '../../storage/storage.ts'
import { ownedLater, readOwner, renewOwner } from './owner.ts'

/** Work on a dataset that depends on owning its folder. */
export interface OwnedWork {
  /** Its epoch; may rise when an attempt of a later run takes the work over. */
  readonly epoch: () => number
  /** Called once with `DATASET_OPEN_ELSEWHERE`. */
  readonly onLost: (error: unknown) => void
}

/** Watches the claims of datasets. */
export interface OwnerWatch {
  /** Watches for the work until the answered function is called. */
  follow(storage: Storage, work: OwnedWork): () => void
}

/** Milliseconds between two looks. */
const LOOK_MS = 1_000

interface Watched {
  readonly works: Set<OwnedWork>
  readonly timer: NodeJS.Timeout
}

/** A watch of one worker. `now` gives milliseconds since the epoch of time. */
export function createOwnerWatch(now: () => number, lookMs = LOOK_MS): OwnerWatch {
  const watchedAt = new Map<string, Watched>()

  function open(storage: Storage): Watched {
    const works = new Set<OwnedWork>()
    let isLooking = false
    async function look(): Promise<void> {
      if (isLooking) return
      isLooking = true
      try {
        const current = await readOwner(storage)
        if (current === null) return
        for (const work of works) {
          if (work.epoch() < current.epoch && works.delete(work)) work.onLost(ownedLater(storage, current))
        }
        if (works.size > 0) await renewOwner(storage, current.epoch, now())
      } catch {
        // A disk that cannot be read now is met by the work itself, with its own words.
      } finally {
        isLooking = false
      }
    }
    const timer = setInterval(() => void look(), lookMs)
    timer.unref()
    return { works, timer }
  }

  return {
    follow(storage, work) {
      const location = storage.describe()
      const watched = watchedAt.get(location) ?? open(storage)
      watchedAt.set(location, watched)
      watched.works.add(work)
      return () => {
        watched.works.delete(work)
        if (watched.works.size > 0) return
        clearInterval(watched.timer)
        if (watchedAt.get(location) === watched) watchedAt.delete(location)
      }
    },
  }
}
