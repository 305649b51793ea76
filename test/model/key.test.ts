import { describe, expect, it } from 'vitest'
import { isLoopback, readKey } from '../../src/model/key.ts'
import { provider } from './builders.ts'

const far = new URL('https://api.example.com/v1')
const near = new URL('http://127.0.0.1:8000/v1')

describe('readKey', () => {
  it('reads the variable that the provider names, without line breaks around the key', () => {
    expect(readKey(provider(), far, { ACME_API_KEY: 'k123\n' })).toBe('k123')
  })

  it('names the missing variable and how to set it', () => {
    for (const env of [{}, { ACME_API_KEY: '' }, { ACME_API_KEY: '  ' }]) {
      expect(() => readKey(provider(), far, env)).toThrowError(
        expect.objectContaining({
          code: 'MODEL_KEY_MISSING',
          message: expect.stringContaining('ACME_API_KEY'),
          details: expect.objectContaining({ wayOut: expect.stringContaining('export ACME_API_KEY=') }),
        }),
      )
    }
  })

  it('needs none on loopback, for rehearsals, and where none is named', () => {
    expect(readKey(provider(), near, {})).toBeNull()
    expect(readKey(provider({ type: 'rehearsal' }), far, { ACME_API_KEY: 'k' })).toBeNull()
    expect(readKey(provider({ apiKeyEnv: null }), far, {})).toBeNull()
  })

  it('asks the further place first, then the environment', async () => {
    expect(readKey(provider(), far, { ACME_API_KEY: 'env' }, () => 'file')).toBe('file')
    expect(readKey(provider(), far, { ACME_API_KEY: 'env' }, () => undefined)).toBe('env')
    expect(await readKey(provider(), far, { ACME_API_KEY: 'env' }, async () => null)).toBe('env')
    await expect(readKey(provider(), far, {}, async () => null)).rejects.toMatchObject({ code: 'MODEL_KEY_MISSING' })
  })

  it('refuses a key that no header can carry, without showing it', () => {
    expect(() => readKey(provider(), far, { ACME_API_KEY: 'abc def\nghi' })).toThrowError(
      expect.objectContaining({ code: 'MODEL_AUTH', message: expect.not.stringContaining('abc def') }),
    )
  })
})

describe('isLoopback', () => {
  it('knows this machine by its names and addresses only', () => {
    const hostOf = (url: string) => new URL(url).hostname
    for (const url of ['http://localhost:1', 'http://127.0.0.1', 'http://127.8.9.1', 'http://[::1]:2'])
      expect(isLoopback(hostOf(url))).toBe(true)
    for (const url of ['http://localhost.example.com', 'http://127.0.0.1.example.com', 'http://10.0.0.1']) {
      expect(isLoopback(hostOf(url))).toBe(false)
    }
  })
})
