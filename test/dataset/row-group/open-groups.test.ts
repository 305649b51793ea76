import { describe, expect, it } from 'vitest'
import type { RowGroupProgress } from '../../../src/contract.ts'
import type { GroupAttempt, OpenGroup } from '../../../src/dataset/row-group/open-groups.ts'
import { createOpenGroups } from '../../../src/dataset/row-group/open-groups.ts'

function attemptOf(
  number: number,
  changes: Partial<GroupAttempt> = {},
): GroupAttempt & { leave(): void; readonly seen: RowGroupProgress[] } {
  const controller = new AbortController()
  const seen: RowGroupProgress[] = []
  return {
    attempt: { runId: 'run', attempt: number },
    dataset: {} as never,
    epoch: number,
    slot: 0,
    signal: controller.signal,
    isInTouch: () => true,
    onProgress: (progress) => seen.push(progress),
    seen,
    leave: () => controller.abort(new Error(`attempt ${number} was given up`)),
    ...changes,
  }
}

/** Work that ends when it is told to, and says what it saw. */
function workshop() {
  let finish: (result: string) => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const begun: OpenGroup[] = []
  return {
    begun,
    finish: (result: string) => finish(result),
    fail: (error: unknown) => fail(error),
    work: (group: OpenGroup) => {
      begun.push(group)
      return new Promise<string>((resolve, reject) => {
        finish = resolve
        fail = reject
      })
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('open row groups of a worker', () => {
  it('gives a second attempt the work of the first instead of beginning it again', async () => {
    const groups = createOpenGroups<string>()
    const { work, begun, finish } = workshop()
    const first = groups.join('a', attemptOf(1), work)
    const second = groups.join('a', attemptOf(2), work)
    expect(begun).toHaveLength(1)
    expect(begun[0]?.newest().attempt.attempt).toBe(2)
    finish('receipt')
    expect(await Promise.all([first, second])).toEqual(['receipt', 'receipt'])
  })

  it('lets the first attempt go and keeps the work when the server has given the row group to the second', async () => {
    const groups = createOpenGroups<string>()
    const { work, begun, finish } = workshop()
    const [zombie, successor] = [attemptOf(1), attemptOf(2)]
    const first = groups.join('a', zombie, work)
    const second = groups.join('a', successor, work)
    zombie.leave()
    await expect(first).rejects.toThrow('attempt 1 was given up')
    expect(begun[0]?.signal.aborted).toBe(false)
    finish('receipt')
    expect(await second).toBe('receipt')
  })

  it('ends the work with its last attempt, which waits until it has wound down', async () => {
    const groups = createOpenGroups<string>()
    const { work, begun, fail } = workshop()
    const only = attemptOf(1)
    const joined = groups.join('a', only, work)
    let hasEnded = false
    joined.catch(() => (hasEnded = true))
    only.leave()
    await turn()
    expect(begun[0]?.signal.aborted).toBe(true)
    expect(hasEnded).toBe(false)
    fail(begun[0]?.signal.reason)
    await expect(joined).rejects.toThrow('attempt 1 was given up')
  })

  it('begins anew only after work that is being ended has wound down, so that calls on the wire are not made twice', async () => {
    const groups = createOpenGroups<string>()
    const ending = workshop()
    const only = attemptOf(1)
    const first = groups.join('a', only, ending.work)
    first.catch(() => undefined)
    only.leave()
    const next = workshop()
    const second = groups.join('a', attemptOf(2), next.work)
    await turn()
    expect(next.begun).toHaveLength(0)
    ending.fail(new Error('ended'))
    await turn()
    await turn()
    expect(next.begun).toHaveLength(1)
    next.finish('receipt')
    expect(await second).toBe('receipt')
  })

  it('is in touch as long as one of its attempts is', async () => {
    const groups = createOpenGroups<string>()
    const { work, begun, finish } = workshop()
    let isFirstInTouch = true
    const first = groups.join('a', attemptOf(1, { isInTouch: () => isFirstInTouch }), work)
    expect(begun[0]?.isInTouch()).toBe(true)
    isFirstInTouch = false
    expect(begun[0]?.isInTouch()).toBe(false)
    const second = groups.join('a', attemptOf(2), work)
    expect(begun[0]?.isInTouch()).toBe(true)
    finish('receipt')
    await Promise.all([first, second])
  })

  it('tells every attempt of the progress, also what was made before it joined, and keeps row groups apart', async () => {
    const groups = createOpenGroups<string>()
    const { work, begun, finish } = workshop()
    const other = workshop()
    const [one, two] = [attemptOf(1), attemptOf(2)]
    const first = groups.join('a', one, work)
    const elsewhere = groups.join('b', attemptOf(1), other.work)
    const progress = { id: 0, rowsDone: 3 } as RowGroupProgress
    begun[0]?.report(progress)
    const second = groups.join('a', two, work)
    expect([one.seen, two.seen]).toEqual([[progress], [progress]])
    expect(other.begun).toHaveLength(1)
    finish('a')
    other.finish('b')
    expect(await Promise.all([first, second, elsewhere])).toEqual(['a', 'a', 'b'])
  })
})
