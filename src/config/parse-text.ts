/** From the text of a YAML or JSON file to its value. */
import { LineCounter, parseDocument } from 'yaml'
import { ParquetryError } from '../errors.ts'

/**
 * Reads YAML 1.2 (with merge keys) or JSON, told apart by content. `name` is the file's, for messages.
 * Throws `CONFIG_UNREADABLE` with `line` and `column`, both from 1.
 */
export function parseText(text: string, name: string): unknown {
  const source = text.replace(/^\uFEFF/, '')
  if (/^\s*[{[]/.test(source)) {
    try {
      return JSON.parse(source) as unknown
    } catch {
      // It may be YAML in flow style; if it is neither, the YAML reader says where.
    }
  }
  const lineCounter = new LineCounter()
  const document = parseDocument(source, { merge: true, lineCounter, prettyErrors: false })
  const error = document.errors[0]
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0])
    throw unreadable(name, error.message, { line, column: col })
  }
  try {
    return document.toJS() as unknown
  } catch (error) {
    // Aliases without an anchor, or so many of them that the text would explode.
    throw unreadable(name, error instanceof Error ? error.message : String(error), {})
  }
}

function unreadable(name: string, found: string, place: { readonly line?: number; readonly column?: number }): ParquetryError {
  const where = place.line === undefined ? '' : ` at line ${place.line}, column ${place.column}`
  return new ParquetryError('CONFIG_UNREADABLE', `expected YAML or JSON in ${name}, found${where}: ${found}`, {
    ...place,
    wayOut: 'correct the file at that place; often it is an indentation, a missing quote or a colon inside a text',
  })
}
