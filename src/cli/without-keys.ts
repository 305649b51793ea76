/** An environment that cannot pay for anything. */

/** The environment without anything that is named like a key, a token or an endpoint of a model provider. */
export function withoutKeys(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => name.startsWith('TEMPORAL_') || !/(?:API_?KEY|_KEY|TOKEN|SECRET|OPENAI_BASE_URL)$/iu.test(name)),
  )
}
