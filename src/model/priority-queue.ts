/** What the queue orders by: lower `priority` first, then lower `ticket`. */
export interface Queued {
  readonly priority: number
  readonly ticket: number
}

/** A binary heap: `push` and `pop` cost O(log n), whatever the order of arrival. */
export class PriorityQueue<T extends Queued> {
  #heap: T[] = []

  /** Entries held. */
  get size(): number {
    return this.#heap.length
  }

  /** The entry that goes next, left in place. */
  peek(): T | undefined {
    return this.#heap[0]
  }

  push(entry: T): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as T
      if (!goesBefore(entry, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  /** Takes the entry that goes next. */
  pop(): T | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first !== undefined && last !== undefined && heap.length > 0) this.#sink(0, last)
    return first
  }

  /** Drops every entry that `keep` refuses, in O(n). */
  retain(keep: (entry: T) => boolean): void {
    this.#heap = this.#heap.filter(keep)
    for (let index = (this.#heap.length >> 1) - 1; index >= 0; index--) this.#sink(index, this.#heap[index] as T)
  }

  /** Takes all entries, in no particular order. */
  clear(): readonly T[] {
    const all = this.#heap
    this.#heap = []
    return all
  }

  #sink(start: number, entry: T): void {
    const heap = this.#heap
    let index = start
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && goesBefore(right, heap[child] as T)) child++
      const below = heap[child] as T
      if (!goesBefore(below, entry)) break
      heap[index] = below
      index = child
    }
    heap[index] = entry
  }
}

function goesBefore(a: Queued, b: Queued): boolean {
  return a.priority === b.priority ? a.ticket < b.ticket : a.priority < b.priority
}
