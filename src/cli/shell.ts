/** Commands as they are printed: every one runs when pasted into the same shell in the same folder. */
import { basename, isAbsolute, join, relative, resolve } from 'node:path'

/** How a person calls us. */
const COMMAND = 'npx parquetry'

/** `npx parquetry …` with every argument quoted where a shell needs it. */
export function commandLine(...words: readonly string[]): string {
  return [COMMAND, ...words.map(quote)].join(' ')
}

/** A word as a POSIX shell takes it. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** The shortest name of a dataset that `show` and `resume` understand from `cwd`: below `./artifacts` its name alone. */
export function datasetArgument(location: string, cwd: string = process.cwd()): string {
  const name = basename(location)
  if (resolve(location) === join(resolve(cwd), 'artifacts', name)) return name
  const path = relative(cwd, location)
  return path === '' || path.startsWith('..') || isAbsolute(path) ? location : path.includes('/') ? path : `./${path}`
}

/** A path for people: relative where it lies below `cwd`. */
export function shownPath(location: string, cwd: string = process.cwd()): string {
  const path = relative(cwd, location)
  return path === '' || path.startsWith('..') || isAbsolute(path) ? location : path
}
