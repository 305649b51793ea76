/** HTML as a value: what is text is escaped, always; only what was made here goes in as it is. */

/** Markup made by `html`; nothing else is trusted. */
export interface Html {
  readonly markup: string
}

/** What may stand in a template. */
export type Part = Html | string | number | null | readonly Part[]

/** Markup of a template literal: strings and numbers are escaped, null is nothing, lists are joined. Attributes must stand in double quotes. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: literals.reduce((all, literal, index) => all + markupOf(parts[index - 1] ?? null) + literal) }
}

/** A fixed text as markup, e.g. a style sheet; never for anything that was read. */
export function fixed(markup: string): Html {
  return { markup }
}

function markupOf(part: Part): string {
  if (part === null) return ''
  if (typeof part === 'object') return 'markup' in part ? part.markup : part.map(markupOf).join('')
  return escape(String(part))
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text as HTML, and as the value of an attribute. Characters that no page may hold become U+FFFD. */
function escape(text: string): string {
  return (
    text
      .replaceAll(/\p{Surrogate}/gu, '\ufffd')
      .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string)
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '\ufffd')
  )
}

/** The beginning of a text, cut between characters, with what is missing said. `limit` in UTF-16 units. */
export function excerpt(text: string, limit: number): string {
  if (text.length <= limit) return text
  const cut = text.slice(0, limit).replace(/[\uD800-\uDBFF]$/u, '')
  return `${cut} … (${(text.length - cut.length).toLocaleString('en-US')} more characters)`
}
