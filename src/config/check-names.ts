/** Names of columns and processors: unique, usable as column names and folder names. */
import type { Path } from './paths.ts'
import type { Report } from './problems.ts'
import type { ConfigParts, Placed } from './read-config.ts'

const MAX_NAME_LENGTH = 200

/** Reports names that are missing, doubled or not usable. */
export function checkNames(parts: ConfigParts, report: Report): void {
  checkUnique(parts.names, 'column names', report)
  for (const { part, path } of parts.names) checkColumnName(part, path, report)
  const processors = parts.processors.map(({ part, path }) => ({ part: part.name, path: [...path, 'name'] }))
  checkUnique(processors, 'names of processors', report)
  for (const { part, path } of processors) checkFolderName(part, path, report)
}

/** Reports columns that are called like a side-effect column of another one. */
export function checkSideEffectNames(names: readonly Placed<string>[], producers: ReadonlyMap<string, string>, report: Report): void {
  for (const { part, path } of names) {
    const producer = producers.get(part)
    if (producer !== undefined) report.error(path, `expected unique column names, found "${part}", which "${producer}" makes too`)
  }
}

function checkUnique(names: readonly Placed<string>[], what: string, report: Report): void {
  const seen = new Set<string>()
  for (const { part, path } of names) {
    if (seen.has(part)) report.error(path, `expected unique ${what}, found "${part}" twice`)
    seen.add(part)
  }
}

function checkColumnName(name: string, path: Path, report: Report): void {
  if (name.trim() === '') report.error(path, 'expected a name, found an empty text')
  else if (name !== name.trim()) report.error(path, `expected a name without blanks around it, found ${JSON.stringify(name)}`)
  else if (name.length > MAX_NAME_LENGTH)
    report.error(path, `expected a name of at most ${MAX_NAME_LENGTH} characters, found ${name.length}`)
  // Control characters break files and terminals.
  else if (/\p{Cc}/u.test(name)) report.error(path, `expected a name without control characters, found ${JSON.stringify(name)}`)
  else if (name === '__proto__') report.error(path, 'expected another name: "__proto__" cannot be a field')
}

function checkFolderName(name: string, path: Path, report: Report): void {
  const isUsable = name.trim() !== '' && name.length <= MAX_NAME_LENGTH && !/[<>:"/\\|?*\p{Cc}]/u.test(name) && !/^\.|[. ]$/.test(name)
  if (!isUsable) {
    report.error(
      path,
      `expected a name that can be a folder's (no < > : " / \\ | ? *, no dot at the start or end), found ${JSON.stringify(name)}`,
    )
  }
}
