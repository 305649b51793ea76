/** What Python counts as whitespace: not quite what JavaScript does (the separators U+001C to U+001F and U+0085, but not U+FEFF). */

/** The inside of a character class. */
export const SPACES = String.raw`\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`
/** One or more at the start. */
export const LEADING_SPACE = new RegExp(`^[${SPACES}]+`)
/** One or more, anywhere. */
export const SPACE_RUN = new RegExp(`[${SPACES}]+`)
/** Nothing else, at least one. */
export const ONLY_SPACE = new RegExp(`^[${SPACES}]+$`)
/** Anything else. */
export const NOT_SPACE = new RegExp(`[^${SPACES}]`)

/** The text without whitespace at its end; linear in its length. */
export function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && SPACE_RUN.test(text[end - 1] as string)) end -= 1
  return text.slice(0, end)
}

/** The text without whitespace at its start. */
export function trimStart(text: string): string {
  return text.replace(LEADING_SPACE, '')
}
