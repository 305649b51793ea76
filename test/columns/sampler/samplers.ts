/** Builders of sampler columns and programs for tests. */
import type { Constraint, SamplerColumn, SamplerParams } from '../../../src/config/compiled.ts'
import { compileSamplers } from '../../../src/columns/sampler/compile.ts'
import type { CompileCondition, SamplerSources } from '../../../src/columns/sampler/compile.ts'
import type { SamplerProgram } from '../../../src/columns/generator.ts'
import type { Value } from '../../../src/values.ts'

const DEFAULTS = {
  uuid: { sampler_type: 'uuid', prefix: null, short_form: false, uppercase: false },
  category: { sampler_type: 'category', values: ['a'], weights: null },
  subcategory: { sampler_type: 'subcategory', category: 'parent', values: {} },
  uniform: { sampler_type: 'uniform', low: 0, high: 1, decimal_places: null },
  gaussian: { sampler_type: 'gaussian', mean: 0, stddev: 1, decimal_places: null },
  bernoulli: { sampler_type: 'bernoulli', p: 0.5 },
  binomial: { sampler_type: 'binomial', n: 10, p: 0.5 },
  poisson: { sampler_type: 'poisson', mean: 3 },
  scipy: { sampler_type: 'scipy', dist_name: 'norm', dist_params: {}, decimal_places: null },
  bernoulli_mixture: { sampler_type: 'bernoulli_mixture', p: 0.5, dist_name: 'norm', dist_params: {} },
  datetime: { sampler_type: 'datetime', start: '2024-01-01', end: '2025-01-01', unit: 'D' },
  timedelta: { sampler_type: 'timedelta', dt_min: 0, dt_max: 10, reference_column_name: 'start', unit: 'D' },
  person: {
    sampler_type: 'person',
    locale: 'en_US',
    sex: null,
    city: null,
    age_range: [18, 114],
    select_field_values: null,
    with_synthetic_personas: false,
  },
  person_from_faker: { sampler_type: 'person_from_faker', locale: 'en_US', sex: null, city: null, age_range: [18, 114] },
} as const satisfies { [Type in SamplerParams['sampler_type']]: Extract<SamplerParams, { sampler_type: Type }> }

type ParamsOf<Type extends SamplerParams['sampler_type']> = Extract<SamplerParams, { sampler_type: Type }>

/** Params of a type, defaults filled in. */
export function params<Type extends SamplerParams['sampler_type']>(
  type: Type,
  given: Partial<Omit<ParamsOf<Type>, 'sampler_type'>> = {},
): ParamsOf<Type> {
  return { ...DEFAULTS[type], ...given } as unknown as ParamsOf<Type>
}

/** A sampler column of a type. */
export function column<Type extends SamplerParams['sampler_type']>(
  name: string,
  type: Type,
  given: Partial<Omit<ParamsOf<Type>, 'sampler_type'>> = {},
  more: Partial<Pick<SamplerColumn, 'conditional_params' | 'convert_to'>> = {},
): SamplerColumn {
  return {
    name,
    drop: false,
    column_type: 'sampler',
    sampler_type: type,
    params: params(type, given),
    conditional_params: {},
    convert_to: null,
    ...more,
  }
}

/** A constraint written as a person would: `a < b`, `a >= 3`. */
export function constraint(text: string): Constraint {
  const [target_column, symbol, rhs] = text.split(' ') as [string, string, string]
  const operator = ({ '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' } as const)[symbol as '<']
  return Number.isFinite(Number(rhs))
    ? { constraint_type: 'scalar_inequality', target_column, operator, rhs: Number(rhs) }
    : { constraint_type: 'column_inequality', target_column, operator, rhs }
}

/** Conditions of the form `column == value`, enough for tests of what conditions do. */
export const compileCondition: CompileCondition = (expression) => {
  const [name, value] = expression.split(' == ') as [string, string]
  return { references: [name], test: (values) => values[name] === value || JSON.stringify(values[name]) === value }
}

/** Compiles columns with a fixed seed and reference time. */
export function program(columns: readonly SamplerColumn[], given: Partial<SamplerSources> = {}): Promise<SamplerProgram> {
  return compileSamplers({ columns, constraints: [], seed: 1, referenceTime: '2024-06-15T12:00:00Z', compileCondition, ...given })
}

/** Rows [0, count) of a program. */
export function rowsOf(compiled: SamplerProgram, count: number, refill = 0): Record<string, Value>[] {
  return Array.from({ length: count }, (_, rowIndex) => {
    const row: Record<string, Value> = {}
    compiled.sampleRow(rowIndex, refill, row)
    return row
  })
}

/** The values of one column drawn alone. */
export async function valuesOf(sampler: SamplerColumn, count: number, given: Partial<SamplerSources> = {}): Promise<Value[]> {
  return rowsOf(await program([sampler], given), count).map((row) => row[sampler.name]!)
}

/** Every sampler type and every way in which they depend on each other. */
export const WIDE: readonly SamplerColumn[] = [
  column('delivered', 'timedelta', { reference_column_name: 'ordered', dt_min: 1, dt_max: 30 }),
  column('ordered', 'datetime', { start: '2023-01-01', end: '2025-01-01', unit: 'h' }, { convert_to: '%d.%m.%Y %H:%M' }),
  column('region', 'category', { values: ['north', 'south', 'east'], weights: [5, 3, 2] }),
  column('town', 'subcategory', { category: 'region', values: { north: ['Aa', 'Bb'], south: ['Cc'], east: ['Dd', 'Ee', 'Ff'] } }),
  column('price', 'uniform', { low: 1, high: 100, decimal_places: 2 }),
  column('cost', 'uniform', { low: 0, high: 120 }, { conditional_params: { 'region == south': params('uniform', { low: 0, high: 5 }) } }),
  column('weight', 'gaussian', { mean: 10, stddev: 3 }, { convert_to: 'int' }),
  column('is_gift', 'bernoulli', { p: 0.2 }),
  column('items', 'binomial', { n: 20, p: 0.4 }),
  column('visits', 'poisson', { mean: 40 }),
  column('wait', 'scipy', { dist_name: 'gamma', dist_params: { a: 1.5, scale: 4 }, decimal_places: 3 }),
  column('returns', 'bernoulli_mixture', { p: 0.4, dist_name: 'lognorm', dist_params: { s: 0.5, scale: 20 } }),
  column('calls', 'scipy', { dist_name: 'nbinom', dist_params: { n: 3, p: 0.2 } }),
  column('id', 'uuid', { prefix: 'o-' }),
  column('short_id', 'uuid', { short_form: true, uppercase: true }),
  column('buyer', 'person_from_faker', { age_range: [16, 20], city: ['Springfield', 'Shelbyville'] }),
]

/** The constraints of `WIDE`. */
export const WIDE_CONSTRAINTS: readonly Constraint[] = [constraint('cost < price'), constraint('weight > 4'), constraint('weight <= 15')]
