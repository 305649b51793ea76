import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createModels } from '../../src/model/models.ts'

const answer = JSON.stringify({
  choices: [{ message: { content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1 },
})
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

describe('a call whose waiting is stopped', () => {
  it('finishes when it is on the wire already, and is never sent when it is not', async () => {
    let requests = 0
    const server = createServer((_request, response) => {
      requests += 1
      setTimeout(() => response.setHeader('content-type', 'application/json').end(answer), 150)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const models = createModels({ env: {} })
    closing.push(
      () => models.close(),
      () => new Promise((resolve) => server.close(() => resolve())),
    )
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    const client = models.client({
      alias: 'm',
      model: 'stub',
      provider: { name: 'stub', endpoint, type: 'openai', apiKeyEnv: null, extraHeaders: {}, extraBody: {} },
      maxParallelRequests: 1,
      timeoutMs: 5_000,
    })
    const stop = new AbortController()
    const options = { signal: new AbortController().signal, stopWaiting: stop.signal }
    const request = { model: 'stub', messages: [{ role: 'user', content: 'hi' }] } as const
    const onTheWire = client.complete(request, options)
    const waiting = client.complete(request, options)
    waiting.catch(() => undefined)
    await delay(60)
    stop.abort(new Error('stop'))
    await expect(waiting).rejects.toThrow('stop')
    expect(await onTheWire).toMatchObject({ content: 'hello' })
    await expect(client.complete(request, options)).rejects.toThrow('stop')
    expect(requests).toBe(1)
  })
})
