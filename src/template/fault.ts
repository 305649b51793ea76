/** How templates fail: at compile time with a place in the source, at render time as the row's own fault. */
import { ParquetryError } from '../errors.ts'

/** Line and column of an offset, both from 1; columns count UTF-16 units. */
export function placeOf(source: string, offset: number): { readonly line: number; readonly column: number } {
  const before = source.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: offset - lineStart + 1 }
}

/** `TEMPLATE_INVALID` at an offset of the source, with `details.line` and `details.column`; without an offset, for the whole template. */
export function invalidTemplate(source: string, offset: number | null, message: string, wayOut?: string): ParquetryError {
  const hint = wayOut === undefined ? {} : { wayOut }
  if (offset === null) return new ParquetryError('TEMPLATE_INVALID', `Template: ${message}`, hint)
  const place = placeOf(source, offset)
  return new ParquetryError('TEMPLATE_INVALID', `Template, line ${place.line}, column ${place.column}: ${message}`, { ...place, ...hint })
}

/** `TEMPLATE_FAILED`: this row's values do not suit the template. */
export function failRender(message: string, wayOut?: string): ParquetryError {
  return new ParquetryError('TEMPLATE_FAILED', `Template: ${message}`, wayOut === undefined ? {} : { wayOut })
}
