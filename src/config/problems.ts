/** Collects everything that is wrong with a config, so that it is said at once. */
import { ParquetryError } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { formatPath } from './paths.ts'
import type { Path } from './paths.ts'

/** A problem of a config. `CONFIG_NOT_YET` marks what DataDesigner has and this release has not. */
export interface ConfigProblem extends Problem {
  readonly code: 'CONFIG_INVALID' | 'CONFIG_NOT_YET'
}

/** Where checks put what they find. */
export interface Report {
  /** A mistake: nothing is started. */
  error(path: Path, message: string): void
  /** A part of DataDesigner that is refused by name in this release: nothing is started. */
  notYet(path: Path, message: string): void
  /** Printed; stops nothing. */
  warn(path: Path, message: string): void
  /** A problem found elsewhere, its path already written. */
  add(problem: Problem): void
  /** True once there is an error at this path or below it, or, without a path, anywhere. */
  hasErrors(path?: Path): boolean
  readonly problems: readonly ConfigProblem[]
}

/** An empty report. The same message at the same path counts once. */
export function createReport(): Report {
  const problems: ConfigProblem[] = []
  const add = (problem: ConfigProblem): void => {
    if (!problems.some((known) => known.path === problem.path && known.message === problem.message)) problems.push(problem)
  }
  return {
    problems,
    error: (path, message) => add({ path: formatPath(path), message, level: 'error', code: 'CONFIG_INVALID' }),
    notYet: (path, message) => add({ path: formatPath(path), message, level: 'error', code: 'CONFIG_NOT_YET' }),
    warn: (path, message) => add({ path: formatPath(path), message, level: 'warning', code: 'CONFIG_INVALID' }),
    add: (problem) => add({ ...problem, code: 'CONFIG_INVALID' }),
    hasErrors(path) {
      const prefix = formatPath(path ?? [])
      return problems.some((problem) => problem.level === 'error' && isAtOrBelow(problem.path, prefix))
    },
  }
}

function isAtOrBelow(path: string, prefix: string): boolean {
  return (
    path.startsWith(prefix) &&
    (prefix === '' || path.length === prefix.length || path[prefix.length] === '.' || path[prefix.length] === '[')
  )
}

/** The warnings of a report; throws when it holds an error: `CONFIG_NOT_YET` when nothing else is wrong, else `CONFIG_INVALID`. */
export function settle(report: Report, what: string): readonly ConfigProblem[] {
  const errors = report.problems.filter((problem) => problem.level === 'error')
  if (errors.length === 0) return report.problems
  const isNotYet = errors.every((problem) => problem.code === 'CONFIG_NOT_YET')
  const first = errors[0]!
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`
  const place = first.path === '' ? '' : `${first.path}: `
  throw new ParquetryError(
    isNotYet ? 'CONFIG_NOT_YET' : 'CONFIG_INVALID',
    `expected ${what} that can be run, found ${errors.length} ${errors.length === 1 ? 'problem' : 'problems'}: ${place}${first.message}${more}`,
    {
      problems: report.problems,
      wayOut: isNotYet ? 'remove what this release cannot do yet; nothing was started' : 'correct the places named; nothing was started',
    },
  )
}
