/**
 * Columns whose cells are made for all rows of a row group at once. Rows go by rounds: the first try at every row is the first round, its
 * next one (a refill) the second. A round of a column is made when each row has come to it, or will not: it failed before, was skipped, or
 * is done. So who is in it follows from rows and answers alone, never from the clock (R1); and nothing else waits for it.
 */
import type { CellGenerator, MakeTogether, Member } from '../../columns/generator.ts'
import type { Value } from '../../values.ts'

/** The full columns of one row group's rows. `row` is the row's place among those that are made, from 0. */
export interface FullColumns {
  /** The row is at the column in this round; resolves to its cell. */
  join(column: string, round: number, row: number, member: Member, make: MakeTogether): Promise<Value>
  /** The row does not come to the column in this round any more. Idempotent. */
  pass(column: string, round: number, row: number): void
  /** The row will not come to any column in this round. */
  passAll(round: number, row: number): void
  /** The row is done or dropped. */
  settle(row: number): void
  /** The row group ends: whoever waits hears the reason. */
  abort(reason: unknown): void
}

interface Waiting {
  readonly row: number
  readonly member: Member
  readonly resolve: (value: Value) => void
  readonly reject: (reason: unknown) => void
}

/** For `rowCount` rows, each tried at most `rounds` times. Null when no generator makes a full column. */
export function openFullColumns(generators: readonly CellGenerator[], rowCount: number, rounds: number): FullColumns | null {
  const columns = new Map(
    generators.filter(({ isFullColumn }) => isFullColumn === true).map(({ column }) => [column, openColumn(rowCount, rounds)]),
  )
  if (columns.size === 0) return null
  const columnOf = (name: string): FullColumn => columns.get(name)!
  return {
    join: (column, round, row, member, make) => columnOf(column).join(round, row, member, make),
    pass: (column, round, row) => columnOf(column).pass(round, row),
    passAll: (round, row) => columns.forEach((column) => column.pass(round, row)),
    settle: (row) => columns.forEach((column) => column.pass(rounds - 1, row)),
    abort: (reason) => columns.forEach((column) => column.abort(reason)),
  }
}

interface FullColumn {
  join(round: number, row: number, member: Member, make: MakeTogether): Promise<Value>
  pass(round: number, row: number): void
  abort(reason: unknown): void
}

function openColumn(rowCount: number, rounds: number): FullColumn {
  /** Row → rounds that are behind it. */
  const passed = new Uint32Array(rowCount)
  /** Round → rows that may still come to it. */
  const expected = Array.from({ length: rounds }, () => rowCount)
  const waiting = Array.from({ length: rounds }, (): Waiting[] => [])
  const makers: (MakeTogether | undefined)[] = []
  let ended: { readonly reason: unknown } | null = null

  function pass(round: number, row: number): void {
    for (; passed[row]! <= round; passed[row]! += 1) {
      const left = passed[row]!
      expected[left]! -= 1
      if (expected[left] === 0) void makeRound(left)
    }
  }

  async function makeRound(round: number): Promise<void> {
    const members = waiting[round]!.splice(0).sort((one, other) => one.row - other.row)
    const make = makers[round]
    if (members.length === 0 || make === undefined) return
    try {
      const results = await make(members.map(({ member }) => member))
      for (const [index, { resolve, reject }] of members.entries()) {
        const result = results[index]!
        if (result.status === 'fulfilled') resolve(result.value)
        else reject(result.reason)
      }
    } catch (error) {
      for (const { reject } of members) reject(error)
    }
  }

  return {
    join(round, row, member, make) {
      if (ended !== null) return Promise.reject(ended.reason as Error)
      return new Promise((resolve, reject) => {
        waiting[round]!.push({ row, member, resolve, reject })
        makers[round] ??= make
        pass(round, row)
      })
    },
    pass,
    abort(reason): void {
      ended ??= { reason }
      for (const members of waiting) for (const { reject } of members.splice(0)) reject(reason)
    },
  }
}
