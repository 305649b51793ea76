/** Constraints as tests on the raw values of one row. */
import type { Constraint } from '../../config/compiled.ts'
import type { RawValue } from './draw.ts'

/** A constraint bound to the slots of its columns. */
export interface CompiledConstraint {
  /** Place in the config's list. */
  readonly index: number
  /** As a person would write it: `a < b`. */
  readonly text: string
  isSatisfied(raws: readonly RawValue[]): boolean
}

/** Binds a constraint; `slotOf` is defined for its columns, which hold comparable values. */
export function compileConstraint(constraint: Constraint, index: number, slotOf: ReadonlyMap<string, number>): CompiledConstraint {
  const compare = COMPARISONS[constraint.operator]
  const text = `${constraint.target_column} ${SYMBOLS[constraint.operator]} ${constraint.rhs}`
  const target = slotOf.get(constraint.target_column)!
  if (constraint.constraint_type === 'scalar_inequality') {
    const rhs = constraint.rhs
    return { index, text, isSatisfied: (raws) => compare(raws[target] as number, rhs) }
  }
  const rhs = slotOf.get(constraint.rhs)!
  return { index, text, isSatisfied: (raws) => compare(raws[target] as number, raws[rhs] as number) }
}

const SYMBOLS = { lt: '<', le: '<=', gt: '>', ge: '>=' } as const

const COMPARISONS = {
  lt: (left: number, right: number) => left < right,
  le: (left: number, right: number) => left <= right,
  gt: (left: number, right: number) => left > right,
  ge: (left: number, right: number) => left >= right,
} as const
