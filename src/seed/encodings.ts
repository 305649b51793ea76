/** Encodings by the names that Python gives them. */

const LATIN_1 = new Set(['latin1', 'latin', 'l1', 'iso88591', '88591', '8859', 'cp819'])
const ASCII = new Set(['ascii', 'usascii', '646'])

/** What windows-1252 has for the bytes 0x80 to 0x9f; Node 20 decodes them as latin1. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

/** The encoding behind a name, or null for one that nobody knows. `latin1` and `ascii` are not what the web takes them for. */
export function encodingNamed(name: string): string | null {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  if (LATIN_1.has(plain)) return 'latin1'
  if (ASCII.has(plain)) return 'ascii'
  if (plain === 'utf8sig') return 'utf-8-sig'
  if (plain === 'utf8' || plain === 'u8') return 'utf-8'
  const candidates = [name, name.replaceAll('_', '-'), plain.replace(/^cp(?=125\d$)/, 'windows-'), plain.replace(/^utf(?=16|32)/, 'utf-')]
  for (const label of candidates) {
    try {
      return new TextDecoder(label).encoding
    } catch {
      // The next spelling.
    }
  }
  return null
}

/** The text of some bytes, or null when they are none in this encoding. */
export function decodeText(bytes: Uint8Array, encoding: string): string | null {
  if (encoding === 'latin1') return Buffer.from(bytes).toString('latin1')
  if (encoding === 'ascii') return bytes.some((byte) => byte > 127) ? null : Buffer.from(bytes).toString('latin1')
  if (encoding === 'windows-1252') {
    return Buffer.from(bytes)
      .toString('latin1')
      .replaceAll(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80]!)
  }
  const isSigned = encoding === 'utf-8-sig'
  try {
    return new TextDecoder(isSigned ? 'utf-8' : encoding, { fatal: true, ignoreBOM: encoding === 'utf-8' }).decode(bytes)
  } catch {
    return null
  }
}
