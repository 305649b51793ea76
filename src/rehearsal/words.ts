/** Text made of the prompt's own words, so that a rehearsed dataset shows at a glance which inputs reached which prompt. */
import type { Draws } from './draws.ts'

/** Begins every free text of a rehearsal, so that nobody takes it for a model's work. */
export const REHEARSAL_LABEL = '[rehearsal] '

/** Used where a prompt holds no word at all. */
const FALLBACK_WORDS = ['rehearsal', 'answer', 'without', 'prompt', 'words']

/** Words beyond this are not looked at: a prompt may be a megabyte long. */
const MAX_WORDS = 400

/** The words of a prompt in their order, outer punctuation removed; never empty, at most 400. */
export function wordsOf(text: string): readonly string[] {
  const words: string[] = []
  for (const match of text.matchAll(/\S+/gu)) {
    const word = match[0].replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}%]+$/gu, '')
    if (word !== '') words.push(word.length > 60 ? Array.from(word).slice(0, 40).join('') : word)
    if (words.length >= MAX_WORDS) break
  }
  return words.length === 0 ? FALLBACK_WORDS : words
}

/** A run of 1 to `maxWords` neighbouring words. */
export function phrase(words: readonly string[], draws: Draws, maxWords: number): string {
  const count = Math.min(words.length, 1 + draws.below(maxWords))
  const start = draws.below(words.length - count + 1)
  return words.slice(start, start + count).join(' ')
}

/** Labelled prose of about 15 to 40 words: the prompt's first words, so that rows are told apart, then phrases from anywhere in it. */
export function prose(words: readonly string[], draws: Draws): string {
  const parts = [words.slice(0, 8).join(' ')]
  const count = 3 + draws.below(5)
  for (let part = 0; part < count; part += 1) parts.push(phrase(words, draws, 5))
  return `${REHEARSAL_LABEL}${parts.join(', ')}.`
}

/**
 * Labelled text with `minLength` to `maxLength` code points, as JSON schema counts them. Where the label does not fit,
 * it is cut with the rest.
 */
export function labelledText(words: readonly string[], draws: Draws, minLength: number, maxLength: number): string {
  let text = REHEARSAL_LABEL + phrase(words, draws, 8)
  if (minLength > 0) {
    const characters = Array.from(text)
    while (characters.length < minLength) characters.push(' ', ...Array.from(phrase(words, draws, 8)))
    text = characters.join('')
    // Padding only has to reach the minimum; a whole phrase too many may pass a maximum close to it.
    if (characters.length > maxLength) return characters.slice(0, maxLength).join('')
  }
  if (text.length <= maxLength) return text
  const cut = Array.from(text).slice(0, maxLength).join('')
  return cut.trimEnd().length >= minLength ? cut.trimEnd() : cut
}

/** A lower-case ASCII word for places such as host names and keys, where free text would not fit. */
export function plainWord(words: readonly string[], draws: Draws): string {
  const word = draws
    .pick(words)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '')
    .slice(0, 20)
  return /^[a-z]/.test(word) ? word : `word${word}`
}
