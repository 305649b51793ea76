/** Keeps secrets out of errors, logs and journals: providers like to echo the key they refuse. */

const REDACTED = '[redacted]'

/** Shapes of credentials: what a provider echoes is often another key than the one sent, or a masked part of it. */
const SECRET_SHAPES: readonly RegExp[] = [
  /\b(?:bearer|basic)\s+(?=[^\s]*[\d*=])[\w\-.~+/*=]{6,}/giu,
  // OpenAI, OpenRouter, Anthropic (sk-…), NVIDIA (nvapi-…), Groq (gsk_…), Hugging Face (hf_…), xAI, Replicate, Perplexity.
  /\b(?:sk|pk|rk|nvapi|gsk|hf|xai|r8|pplx|ghp)[-_][\w\-*.]{6,}/giu,
  /\bAIza[\w\-*]{16,}/gu,
  /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/gu,
  /\b(api[-_ ]?key|access[-_ ]?token|secret|password)(["']?\s*[:=]\s*["']?)[^\s"',;&]{6,}/giu,
]

/** Shorter values are too likely to be ordinary words; a real key is longer. */
const SHORTEST_SECRET = 6
/** Characters of a key's end that still give it away when a provider shows only those. */
const SHORTEST_PART = 8

/**
 * Replaces each of `secrets`, long parts of them, and everything shaped like a credential. Pure; the same text comes back when
 * there is nothing to hide.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])) {
      clean = clean.replaceAll(form, REDACTED)
    }
    if (secret.length >= 2 * SHORTEST_PART) {
      clean = clean.replaceAll(secret.slice(0, secret.length >> 1), REDACTED).replaceAll(secret.slice(secret.length >> 1), REDACTED)
    }
  }
  for (const shape of SECRET_SHAPES) {
    clean = clean.replace(shape, (match: string, ...groups: unknown[]) =>
      typeof groups[0] === 'string' && typeof groups[1] === 'string' ? `${groups[0]}${groups[1]}${REDACTED}` : redactShape(match),
    )
  }
  return clean
}

/** Keeps the word "Bearer", which helps to understand a message, and drops the rest. */
function redactShape(match: string): string {
  const scheme = /^(?:bearer|basic)\s/iu.exec(match)
  return scheme === null ? REDACTED : `${scheme[0]}${REDACTED}`
}

const SECRET_HEADER = /auth|key|token|secret|cookie|password|credential/iu

/** The values among a provider's extra headers that are secrets, by their header's name. */
export function secretHeaderValues(headers: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) => (SECRET_HEADER.test(name) ? [value, value.replace(/^\w+\s+/u, '')] : []))
}
