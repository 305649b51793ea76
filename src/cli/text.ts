/** Text on a terminal: how wide it is, where it breaks, and nothing in it that moves the cursor. */

/** Text without control characters: what came from a model, a provider or a file name must not steer the terminal. Line breaks stay. */
export function printable(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '    ')
    .replaceAll(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
}

/** Columns a text takes on a terminal: two for full-width characters and emoji, none for combining marks. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x300) return 1
  if ((code >= 0x200b && code <= 0x200d) || /^[\p{Mn}\p{Me}]$/u.test(character)) return 0
  return isWide(code) ? 2 : 1
}

const WIDE_RANGES: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe4f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1faff],
  [0x20000, 0x3fffd],
]

function isWide(code: number): boolean {
  return WIDE_RANGES.some(([first, last]) => code >= first && code <= last)
}

/** One line of at most `width` columns: line breaks become blanks, and what does not fit ends in `...`. */
export function fit(text: string, width: number): string {
  const line = printable(text).replaceAll('\n', ' ')
  if (displayWidth(line) <= width) return line
  return `${takeColumns(line, Math.max(0, width - 3))}${'...'.slice(0, Math.max(0, width))}`
}

function takeColumns(text: string, columns: number): string {
  let taken = ''
  let width = 0
  for (const character of text) {
    width += characterWidth(character)
    if (width > columns) break
    taken += character
  }
  return taken
}

/** Lines of at most `width` columns, broken between words; a word that is longer is broken where it must. */
export function wrapText(text: string, width: number): string[] {
  const room = Math.max(1, width)
  return printable(text)
    .split('\n')
    .flatMap((paragraph) => wrapParagraph(paragraph, room))
}

function wrapParagraph(paragraph: string, room: number): string[] {
  if (displayWidth(paragraph) <= room) return [paragraph]
  const lines: string[] = []
  let line = ''
  for (const word of paragraph.split(/(?<= )(?=[^ ])/u)) {
    let rest = word
    if (displayWidth(line) + displayWidth(rest.trimEnd()) > room && line !== '') {
      lines.push(line.trimEnd())
      line = ''
    }
    while (displayWidth(rest.trimEnd()) > room) {
      // A full-width character may not fit into one column; it then stands alone.
      const head = takeColumns(rest, room) || String.fromCodePoint(rest.codePointAt(0) ?? 32)
      lines.push(head)
      rest = rest.slice(head.length)
    }
    line += rest
  }
  if (line.trimEnd() !== '' || lines.length === 0) lines.push(line.trimEnd())
  return lines
}
