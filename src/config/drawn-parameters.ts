/** Inference parameters that are drawn from a distribution: read on their own, so that a mistake is reported against the one that is meant. */
import { readPart, reportTag } from './issues.ts'
import { isMapping } from './paths.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import { drawnParameters } from './schema-models.ts'
import type { Distribution } from './schema-models.ts'

type Mapping = Readonly<Record<string, unknown>>

/** Inference parameters with what is drawn apart from what is fixed; drawn ones that could not be read are in neither. */
export interface SplitParameters {
  readonly fixed: Mapping
  readonly drawn: { readonly temperature?: Distribution; readonly top_p?: Distribution }
}

/** Splits a model's inference parameters; reports distributions that are wrong. */
export function readDrawnParameters(parameters: Mapping, path: Path, report: Report): SplitParameters {
  const fixed: Record<string, unknown> = { ...parameters }
  const drawn: Record<string, Distribution> = {}
  for (const field of ['temperature', 'top_p'] as const) {
    const value = parameters[field]
    if (!isMapping(value)) continue
    delete fixed[field]
    const distribution = readDistribution(value, field, [...path, field], report)
    if (distribution !== null) drawn[field] = distribution
  }
  return { fixed, drawn }
}

/** The type may be left out where the params tell it, as in DataDesigner. */
function readDistribution(value: Mapping, field: 'temperature' | 'top_p', path: Path, report: Report): Distribution | null {
  const types = drawnParameters[field]
  const { distribution_type: given, params } = value
  const told = isMapping(params) && 'values' in params ? 'manual' : 'uniform'
  const type = given === undefined || given === null ? told : given
  if (type !== 'uniform' && type !== 'manual') {
    reportTag(type, Object.keys(types), [...path, 'distribution_type'], report)
    return null
  }
  const distribution = readPart(types[type], { ...value, distribution_type: type }, path, report)
  const problem = distribution === null ? null : problemOf(distribution)
  if (problem !== null) report.error([...path, 'params', problem.field], problem.message)
  return problem === null ? distribution : null
}

function problemOf(distribution: Distribution): { readonly field: string; readonly message: string } | null {
  if (distribution.distribution_type === 'uniform') {
    const { low, high } = distribution.params
    return low < high ? null : { field: 'high', message: `expected a number above low, which is ${low}, found ${high}` }
  }
  const { values, weights } = distribution.params
  if (weights === null) return null
  if (weights.length !== values.length) {
    return { field: 'weights', message: `expected as many weights as values, ${values.length}, found ${weights.length}` }
  }
  return weights.some((weight) => weight > 0) ? null : { field: 'weights', message: 'expected at least one weight above 0, found none' }
}
