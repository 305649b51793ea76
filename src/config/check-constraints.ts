/** Constraints: on sampler columns only, comparable, and not in contradiction with parameters or each other. */
import { findContradictions } from '../plan/contradictions.ts'
import type { Constraint, SamplerColumn } from './compiled.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { ConfigParts } from './read-config.ts'
import { suggest } from './suggest.ts'

/** Reports constraints on unknown columns and on columns that are no samplers. */
export function checkConstraintColumns(parts: ConfigParts, report: Report): void {
  const names = parts.names.map(({ part }) => part)
  const byName = new Map(parts.columns.map(({ part }) => [part.name, part]))
  const check = (name: string, path: Path): void => {
    const column = byName.get(name)
    if (column === undefined) {
      if (!names.includes(name)) report.error(path, `no column has the name "${name}".${suggest(name, names)}`)
    } else if (column.column_type !== 'sampler') {
      report.error(
        path,
        `expected the name of a sampler column, for only samplers can be drawn again; "${name}" is of type ${column.column_type}`,
      )
    }
  }
  for (const { part, path } of parts.constraints) {
    check(part.target_column, [...path, 'target_column'])
    if (part.constraint_type === 'column_inequality') check(part.rhs, [...path, 'rhs'])
  }
}

/**
 * Reports what no row can satisfy. `places` gives each constraint's index in the config, which differs from its index in the list
 * when others could not be read.
 */
export function checkContradictions(
  samplers: readonly SamplerColumn[],
  constraints: readonly Constraint[],
  places: readonly Path[],
  report: Report,
): void {
  for (const problem of findContradictions(samplers, constraints)) {
    const match = /^constraints\[(\d+)\](.*)$/.exec(problem.path)
    const place = match === null ? undefined : places[Number(match[1])]
    report.add(place === undefined ? problem : { ...problem, path: `${String(place[0])}[${String(place[1])}]${match![2]}` })
  }
}
