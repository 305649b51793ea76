import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redact, secretHeaderValues } from '../../src/model/redact.ts'

describe('redact', () => {
  it('removes a known key wherever it stands, encoded or not', () => {
    const key = 'my/secret+key"01'
    const text = `key ${key}; url ?k=${encodeURIComponent(key)}; json ${JSON.stringify({ key })}`
    const clean = redact(text, [key])
    expect(clean).not.toContain('secret')
    expect(clean).toContain('[redacted]')
  })

  it.each([
    'Incorrect API key provided: sk-proj-abcdef1234567890.',
    'Incorrect API key provided: sk-abc***************wxyz.',
    'Authorization: Bearer abcDEF123456.xyz',
    'bad nvapi-ABCDEFGH12345678',
    'token hf_abcdefghijkl123',
    'jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sflKxwRJSMeKKF2',
    'AIzaSyA1234567890abcdefghijkl',
    '{"api_key": "plain0secret0value"}',
  ])('removes what is shaped like a credential: %s', (text) => {
    const clean = redact(text)
    expect(clean).toContain('[redacted]')
    expect(clean).not.toMatch(/abcdef1234|wxyz|abcDEF123|ABCDEFGH|abcdefghijkl|eyJzdWI|SyA123|plain0secret/u)
  })

  it('removes each half of a known key', () => {
    const key = 'Zq8vLm2xWn5tRb7yKc4d'
    expect(redact(`ends in ${key.slice(10)}, begins with ${key.slice(0, 10)}`, [key])).toBe('ends in [redacted], begins with [redacted]')
  })

  it('leaves ordinary messages as they are', () => {
    for (const text of [
      'Rate limit reached for basic authentication',
      'task-based limits',
      'bearer token required',
      'the model does not exist',
    ]) {
      expect(redact(text, ['unrelated-secret-value'])).toBe(text)
    }
  })

  it('lets no key of six characters or more through, whatever surrounds it', () => {
    const key = fc.string({ minLength: 6, maxLength: 60, unit: fc.constantFrom(...'abcXYZ0189_-.+/='.split('')) })
    fc.assert(
      fc.property(key, fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!'[redacted]'.includes(secret))
        expect(redact(before + secret + after, [secret])).not.toContain(secret)
      }),
    )
  })
})

describe('secretHeaderValues', () => {
  it('picks the headers that carry secrets, with and without their scheme', () => {
    expect(secretHeaderValues({ Authorization: 'Token abc', 'x-trace': 'seen', 'X-Api-Key': 'k' })).toEqual(['Token abc', 'abc', 'k', 'k'])
  })
})
