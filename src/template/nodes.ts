/** The tree of a template, shaped as Jinja2's so that its limits on nodes and depth mean the same. */
import type { Runtime } from './runtime-values.ts'

/** Nodes below and including this one, and the longest way down, both counted as Jinja2 counts its own. */
export interface Measure {
  readonly size: number
  readonly depth: number
}

/** Arguments of a filter, test, method or function. */
export interface Arguments {
  readonly positional: readonly Expression[]
  readonly named: readonly { readonly name: string; readonly value: Expression }[]
}

/** Arithmetic operators. */
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**'
/** Comparison operators, membership included. */
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'

/** One operation of a comparison chain `a < b <= c`. */
export interface Comparison {
  readonly operator: ComparisonOperator
  readonly operand: Expression
}

type ExpressionShape =
  | { readonly kind: 'literal'; readonly value: Runtime }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'attribute'; readonly object: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly object: Expression; readonly index: Expression }
  | {
      readonly kind: 'slice'
      readonly object: Expression
      readonly start: Expression | null
      readonly stop: Expression | null
      readonly step: Expression | null
    }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly pairs: readonly { readonly key: Expression; readonly value: Expression }[] }
  | { readonly kind: 'arithmetic'; readonly operator: ArithmeticOperator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'concat'; readonly parts: readonly Expression[] }
  | { readonly kind: 'compare'; readonly first: Expression; readonly rest: readonly Comparison[] }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not' | 'negate' | 'plus'; readonly operand: Expression }
  | { readonly kind: 'conditional'; readonly test: Expression; readonly whenTrue: Expression; readonly otherwise: Expression | null }
  | { readonly kind: 'function'; readonly name: string; readonly arguments: Arguments }
  | { readonly kind: 'method'; readonly object: Expression; readonly name: string; readonly arguments: Arguments }
  | { readonly kind: 'filter'; readonly operand: Expression; readonly name: string; readonly arguments: Arguments }
  | {
      readonly kind: 'test'
      readonly operand: Expression
      readonly name: string
      readonly isNegated: boolean
      readonly arguments: Arguments
    }

/** An expression. */
export type Expression = ExpressionShape & Measure
/** The same without its measure; one kind of it by name. */
export type Shape = ExpressionShape

/** A statement. */
export type Statement =
  | { readonly kind: 'output'; readonly pieces: readonly (string | Expression)[] }
  | {
      readonly kind: 'if'
      readonly branches: readonly { readonly test: Expression; readonly body: readonly Statement[] }[]
      readonly otherwise: readonly Statement[]
    }
  | {
      readonly kind: 'for'
      readonly targets: readonly string[]
      /** True when each item is unpacked into the targets. */
      readonly isUnpacked: boolean
      readonly iterable: Expression
      readonly filter: Expression | null
      readonly body: readonly Statement[]
      readonly otherwise: readonly Statement[]
    }
