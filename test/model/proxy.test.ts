import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { createModels } from '../../src/model/models.ts'
import type { ControlledModels } from '../../src/model/models.ts'
import { proxyFor } from '../../src/model/proxy.ts'
import { ask, target } from './builders.ts'
import { answerOk, startServer } from './scripted-server.ts'

const never = new AbortController().signal
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

const http = new URL('http://models.example:8000/v1')
const https = new URL('https://api.models.example/v1')
const both = { http_proxy: 'http://plain:3128', HTTPS_PROXY: 'http://secure:3128' }

function modelsWith(env: Readonly<Record<string, string>>): ControlledModels {
  const models = createModels({ env: { ACME_API_KEY: 'key-in-the-environment', ...env }, retry: { maxRetries: 0 } })
  opened.push(models)
  return models
}

describe('the proxy for an endpoint', () => {
  it('is that of its protocol, whichever way the variable is spelled', () => {
    expect(proxyFor(http, both)).toEqual({ origin: 'http://plain:3128', authorization: null })
    expect(proxyFor(https, both)).toEqual({ origin: 'http://secure:3128', authorization: null })
    expect(proxyFor(https, { http_proxy: 'http://plain:3128' })).toBeNull()
    expect(proxyFor(http, { http_proxy: 'lower:1', HTTP_PROXY: 'upper:1' })?.origin).toBe('http://lower:1')
    expect(proxyFor(http, { HTTP_PROXY: ' ' })).toBeNull()
  })

  it('takes user and password from the address, and keeps them out of the origin', () => {
    const proxy = proxyFor(http, { HTTP_PROXY: 'http://me:p%40ss@plain:3128/' })
    expect(proxy).toEqual({ origin: 'http://plain:3128', authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}` })
  })

  it.each(['http://127.0.0.1:8000/v1', 'http://localhost:11434/v1', 'http://[::1]:8000/v1'])('is none for this machine: %s', (endpoint) => {
    expect(proxyFor(new URL(endpoint), { HTTP_PROXY: 'http://plain:3128' })).toBeNull()
  })

  it.each<[string, boolean]>([
    ['*', true],
    ['models.example', true],
    ['.models.example', true],
    ['*.models.example', true],
    ['EXAMPLE', true],
    ['a.example, models.example', true],
    ['models.example:8000', true],
    ['models.example:80', false],
    ['other.example', false],
    ['dels.example', false],
    ['api.models.example', false],
    ['', false],
  ])('is none for the hosts of NO_PROXY="%s": %s', (list, isNone) => {
    expect(proxyFor(http, { ...both, NO_PROXY: list }) === null).toBe(isNone)
  })

  it('is refused when it is no http proxy, without showing what was found', () => {
    for (const value of ['socks5://me:hunter22@plain:1080', 'http://:hunter22@', 'http://host:hunter22']) {
      expect(() => proxyFor(http, { HTTP_PROXY: value })).toThrowError(
        expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.not.stringContaining('hunter22') }),
      )
    }
  })
})

describe('a call through a proxy', () => {
  it('over http gives the proxy the whole address and its own credentials, and the provider its key', async () => {
    const proxy = await startServer((response) => answerOk(response, 'passed on'))
    opened.push(proxy)
    const models = modelsWith({ HTTP_PROXY: proxy.endpoint.replace('http://', 'http://me:pass@').replace('/v1', '') })
    const answer = await models.client(target('http://models.example:8000/v1')).complete(ask(), { signal: never })
    expect(answer.content).toBe('passed on')
    expect(proxy.asked[0]).toMatchObject({
      path: 'http://models.example:8000/v1/chat/completions',
      headers: {
        host: 'models.example:8000',
        authorization: 'Bearer key-in-the-environment',
        'proxy-authorization': `Basic ${Buffer.from('me:pass').toString('base64')}`,
      },
    })
  })

  it('over https asks the proxy for a tunnel, and tells it nothing but where to', async () => {
    const tunnels: { readonly to: string; readonly headers: object }[] = []
    const proxy = createServer().on('connect', ({ url, headers }, socket) => {
      tunnels.push({ to: url ?? '', headers })
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    opened.push({ close: () => new Promise((resolve) => proxy.close(() => resolve())) })
    const origin = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const models = modelsWith({ HTTPS_PROXY: `http://me:hunter22@${origin}` })
    const error = await models
      .client(target('https://models.example/v1'))
      .complete(ask(), { signal: never })
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'MODEL_UNREACHABLE', message: expect.stringContaining(`through the proxy http://${origin}`) })
    expect(inspect(error, { depth: 9 })).not.toContain('hunter22')
    expect(tunnels.map(({ to }) => to)).toEqual(['models.example:443'])
    expect(tunnels[0]?.headers).toMatchObject({ 'proxy-authorization': `Basic ${Buffer.from('me:hunter22').toString('base64')}` })
    expect(tunnels[0]?.headers).not.toHaveProperty('authorization')
  })

  it('is not made to this machine', async () => {
    const [server, proxy] = [await startServer((response) => answerOk(response)), await startServer((response) => answerOk(response))]
    opened.push(server, proxy)
    await modelsWith({ HTTP_PROXY: proxy.endpoint }).client(target(server.endpoint)).complete(ask(), { signal: never })
    expect([server.asked.length, proxy.asked.length]).toEqual([1, 0])
  })
})
