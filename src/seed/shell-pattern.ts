/** Shell patterns, as Python's fnmatch reads them. */

/** A pattern (`*`, `?`, `[abc]`, `[!abc]`) as a regular expression for whole names, case-sensitive; null for one that cannot be read. */
export function shellPattern(pattern: string): RegExp | null {
  const source = pattern.replaceAll(/\*+|\?|\[!?\]?[^\]]*\]|[\s\S]/g, (part) => {
    if (part.startsWith('*')) return '.*'
    if (part === '?') return '.'
    if (part.length > 1)
      return `[${part
        .slice(1, -1)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\')
        .replaceAll('[', '\\[')
        .replace(/^(\^?)\]/, '$1\\]')}]`
    return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  try {
    return new RegExp(`^${source}$`, 'su')
  } catch {
    return null
  }
}
