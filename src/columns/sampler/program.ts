/**
 * Draws the samplers of one row.
 *
 * 1. A column's trial t in redraw r uses the stream (column, row, refill, trial 1,000·r + t): nothing depends on other rows.
 * 2. A column that satisfies its constraints in none of 1,000 trials makes its whole group of connected columns be redrawn;
 *    after 100 redraws the row is given up (ruling 11).
 */
import { ParquetryError } from '../../errors.ts'
import type { SeekableStream } from '../../random/random.ts'
import type { Value } from '../../values.ts'
import type { SamplerProgram } from '../generator.ts'
import type { CompiledConstraint } from './constraint.ts'
import type { Conversion } from './convert.ts'
import type { Draw, RawValue } from './draw.ts'

/** Trials of one column before its group is redrawn. */
export const MAX_TRIALS = 1_000
/** Redraws of a group before the run stops. */
export const MAX_REDRAWS = 100

/** A sampler column, ready to draw. */
export interface CompiledSampler {
  readonly name: string
  /** Place among the raw values. */
  readonly slot: number
  readonly stream: SeekableStream
  readonly draw: Draw
  /** Conditions with what is drawn where they hold; the last one that holds wins. */
  readonly branches: readonly { readonly test: (values: Record<string, Value>) => boolean; readonly draw: Draw }[]
  readonly conversion: Conversion
  /** True when a condition of another column reads this one. */
  readonly isShown: boolean
  /** Constraints of which this column is the target. */
  readonly constraints: readonly CompiledConstraint[]
}

/** A group of connected columns, every one after its inputs. */
export type SamplerGroup = readonly CompiledSampler[]

/** The program of all groups; `given` names what conditions read and `into` holds already. `sampleRow` reuses its buffers, so it must not be entered again from a condition. */
export function createProgram(
  columns: readonly CompiledSampler[],
  groups: readonly SamplerGroup[],
  given: readonly string[] = [],
): SamplerProgram {
  const row: RowState = { raws: columns.map(() => 0), shown: Object.create(null) as Record<string, Value>, rowIndex: 0, refill: 0 }
  return {
    columns: columns.map((column) => column.name),
    sampleRow(rowIndex, refill, into) {
      row.rowIndex = rowIndex
      row.refill = refill
      for (const name of given) row.shown[name] = into[name] ?? null
      for (const group of groups) drawGroup(group, row)
      for (const column of columns) into[column.name] = column.conversion.finish(row.raws[column.slot]!)
    },
  }
}

interface RowState {
  readonly raws: RawValue[]
  readonly shown: Record<string, Value>
  rowIndex: number
  refill: number
}

function drawGroup(group: SamplerGroup, row: RowState): void {
  let tally: Tally | null = null
  for (let redraw = 0; redraw <= MAX_REDRAWS; redraw++) {
    const failed = drawOnce(group, row, redraw * MAX_TRIALS, tally)
    if (failed === null) return
    // the first round keeps no count; it is drawn again with one, which gives the same values
    if (tally === null) {
      tally = { drawn: new Map(), satisfied: new Map() }
      drawOnce(group, row, redraw * MAX_TRIALS, tally)
    }
    if (redraw === MAX_REDRAWS) throw unsatisfiable(failed, tally, row)
  }
}

/** Draws the columns in order; returns the first for which all trials failed, or null. */
function drawOnce(group: SamplerGroup, row: RowState, firstTrial: number, tally: Tally | null): CompiledSampler | null {
  for (const column of group) {
    const draw = chooseDraw(column, row.shown)
    if (!drawColumn(column, draw, row, firstTrial, tally)) return column
    if (column.isShown) row.shown[column.name] = column.conversion.show(row.raws[column.slot]!)
  }
  return null
}

function chooseDraw(column: CompiledSampler, shown: Record<string, Value>): Draw {
  for (let index = column.branches.length - 1; index >= 0; index--) {
    const branch = column.branches[index]!
    if (branch.test(shown)) return branch.draw
  }
  return column.draw
}

function drawColumn(column: CompiledSampler, draw: Draw, row: RowState, firstTrial: number, tally: Tally | null): boolean {
  const { stream, slot, constraints } = column
  const settle = column.conversion.settle
  const trials = constraints.length === 0 ? 1 : MAX_TRIALS
  for (let trial = 0; trial < trials; trial++) {
    stream.seek(row.rowIndex, row.refill, firstTrial + trial)
    const raw = draw(stream, row.raws, row.rowIndex)
    row.raws[slot] = settle === null ? raw : settle(raw)
    if (tally === null ? satisfiesAll(constraints, row.raws) : countTrial(column, row.raws, tally)) return true
  }
  return false
}

function satisfiesAll(constraints: readonly CompiledConstraint[], raws: readonly RawValue[]): boolean {
  for (const constraint of constraints) if (!constraint.isSatisfied(raws)) return false
  return true
}

/** What was observed in a row that is hard to satisfy. */
interface Tally {
  /** Column → values drawn. */
  readonly drawn: Map<CompiledSampler, number>
  /** Constraint → of those, the values that satisfied it. */
  readonly satisfied: Map<CompiledConstraint, number>
}

function countTrial(column: CompiledSampler, raws: readonly RawValue[], tally: Tally): boolean {
  tally.drawn.set(column, (tally.drawn.get(column) ?? 0) + 1)
  let isAccepted = true
  for (const constraint of column.constraints) {
    if (constraint.isSatisfied(raws)) tally.satisfied.set(constraint, (tally.satisfied.get(constraint) ?? 0) + 1)
    else isAccepted = false
  }
  return isAccepted
}

function unsatisfiable(column: CompiledSampler, tally: Tally, row: RowState): ParquetryError {
  const drawn = tally.drawn.get(column)!
  const byAcceptance = column.constraints.toSorted((left, right) => (tally.satisfied.get(left) ?? 0) - (tally.satisfied.get(right) ?? 0))
  const worst = byAcceptance[0]!
  const satisfied = tally.satisfied.get(worst) ?? 0
  const others = byAcceptance.slice(1).map((constraint) => `constraints[${constraint.index}] (${constraint.text})`)
  const together = others.length === 0 ? '' : `, and the last ${MAX_TRIALS} none that also satisfied ${others.join(' and ')}`
  const share = `${((100 * satisfied) / drawn).toPrecision(3)} %`
  return new ParquetryError(
    'CONSTRAINT_UNSATISFIABLE',
    `Expected a value of column "${column.name}" with ${worst.text} (constraints[${worst.index}]) in row ${row.rowIndex}; ` +
      `found ${satisfied} of ${drawn} drawn (observed acceptance ${share})${together}.`,
    {
      wayOut: `Widen the range of "${column.name}" or of the columns it is compared with, or loosen the constraint.`,
      constraint: worst.index,
      row: row.rowIndex,
      refill: row.refill,
      column: column.name,
      drawn,
      satisfied,
    },
  )
}
