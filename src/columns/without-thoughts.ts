/** Thoughts that a model writes before its answer, between think tags. */

/** The trimmed answer without its leading thoughts; null when they never end: they hold drafts at most. */
export function withoutThoughts(text: string): string | null {
  const answer = text.replace(/^\s*<think(?:ing)?>[\s\S]*?<\/think(?:ing)?>/, '').trim()
  return /^<think(?:ing)?>/.test(answer) ? null : answer
}
