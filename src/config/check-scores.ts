/** Scores of a judge: unique names, and options to choose from. */
import type { JudgeScore } from '../plan/judge-schema.ts'
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'

/** Reports scores that no answer can hold. */
export function checkScores(scores: readonly JudgeScore[], path: Path, report: Report): void {
  const seen = new Set<string>()
  for (const [index, { name, options }] of scores.entries()) {
    if (seen.has(name)) report.error([...path, index, 'name'], `expected unique names of scores, found "${name}" twice`)
    if (name === '__proto__') report.error([...path, index, 'name'], 'expected another name: "__proto__" cannot be a field')
    if (Object.keys(options).length === 0) report.error([...path, index, 'options'], 'expected at least one option, found an empty mapping')
    seen.add(name)
  }
}
