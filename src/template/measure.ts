/** Size and depth of template trees, counted as DataDesigner counts Jinja2's: the template itself has depth 1 and is not counted. */
import type { Arguments, Expression, Measure, Shape, Statement } from './nodes.ts'

/** Adds its measure to an expression. */
export function makeExpression(shape: Shape): Expression {
  return { ...shape, ...around(childMeasures(shape)) } as Expression
}

/** Measure of a whole template. */
export function treeMeasure(statements: readonly Statement[]): Measure {
  const { size, depth } = around(statements.map(statementMeasure))
  return { size: size - 1, depth }
}

function around(children: readonly Measure[]): Measure {
  let size = 1
  let depth = 0
  for (const child of children) {
    size += child.size
    if (child.depth > depth) depth = child.depth
  }
  return { size, depth: depth + 1 }
}

const LEAF: Measure = { size: 1, depth: 1 }

function statementMeasure(statement: Statement): Measure {
  switch (statement.kind) {
    case 'output':
      return around(statement.pieces.map((piece) => (typeof piece === 'string' ? LEAF : piece)))
    case 'if': {
      const [first, ...others] = statement.branches.map((branch) => [branch.test, ...branch.body.map(statementMeasure)])
      return around([...(first ?? []), ...others.map(around), ...statement.otherwise.map(statementMeasure)])
    }
    case 'for': {
      const names = statement.targets.map(() => LEAF)
      const target = statement.isUnpacked ? around(names) : LEAF
      const filter = statement.filter === null ? [] : [statement.filter]
      const bodies = [...statement.body, ...statement.otherwise].map(statementMeasure)
      return around([target, statement.iterable, ...filter, ...bodies])
    }
  }
}

function childMeasures(shape: Shape): readonly Measure[] {
  switch (shape.kind) {
    case 'literal':
    case 'name':
      return []
    case 'attribute':
      return [shape.object]
    case 'item':
      return [shape.object, shape.index]
    case 'slice':
      return [shape.object, around([shape.start, shape.stop, shape.step].filter((part) => part !== null))]
    case 'list':
    case 'tuple':
      return shape.items
    case 'dict':
      return shape.pairs.map((pair) => around([pair.key, pair.value]))
    case 'concat':
      return shape.parts
    case 'compare':
      return [shape.first, ...shape.rest.map((comparison) => around([comparison.operand]))]
    case 'arithmetic':
    case 'and':
    case 'or':
      return [shape.left, shape.right]
    case 'not':
    case 'negate':
    case 'plus':
      return [shape.operand]
    case 'conditional':
      return [shape.test, shape.whenTrue, ...(shape.otherwise === null ? [] : [shape.otherwise])]
    case 'function':
      return [LEAF, ...argumentMeasures(shape.arguments)]
    case 'method':
      return [around([shape.object]), ...argumentMeasures(shape.arguments)]
    case 'filter':
      return [shape.operand, ...argumentMeasures(shape.arguments)]
    case 'test': {
      const test = [shape.operand, ...argumentMeasures(shape.arguments)]
      return shape.isNegated ? [around(test)] : test
    }
  }
}

function argumentMeasures(args: Arguments): readonly Measure[] {
  return [...args.positional, ...args.named.map((argument) => around([argument.value]))]
}
