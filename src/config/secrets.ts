/** Telling the name of a variable from a key, and finding secrets where none may stand. */

/** Environment, by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * True for the name of an environment variable: capitals, digits and at least one underscore (as DataDesigner tells them), or any
 * name that is set. Keys of providers never look so.
 */
export function isVariableName(text: string, env: Environment): boolean {
  if (/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/.test(text)) return true
  return /^[A-Za-z_]\w*$/.test(text) && Object.hasOwn(env, text)
}

const SECRET_NAME = /^(?:proxy-)?authorization$|^(?:set-)?cookie$|api[-_]?key|secret|password|access[-_]?token|auth[-_]?token|credential/i
const SECRET_VALUE =
  /^(?:bearer|basic)\s|^(?:sk|pk|rk|xai|pplx)-[\w-]{16,}|^nvapi-|^(?:hf|gsk|r8)_\w{16,}|^gh[pous]_\w{16,}|^AKIA[A-Z0-9]{12,}|^AIza[\w-]{20,}|^eyJ[\w-]{8,}\.[\w-]{8,}/i

/** Names of the entries of a mapping, at any depth, that hold a secret by their name or by the look of their text. */
export function secretEntries(mapping: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(mapping).flatMap(([name, value]) => {
    if (typeof value === 'object' && value !== null)
      return secretEntries(value as Record<string, unknown>).map((inner) => `${name}.${inner}`)
    return typeof value === 'string' && isSecret(name, value) ? [name] : []
  })
}

/** True where a text is a secret by the name it stands under, or by its look. */
export function isSecret(name: string, value: string): boolean {
  return SECRET_NAME.test(name) || SECRET_VALUE.test(value.trim())
}
