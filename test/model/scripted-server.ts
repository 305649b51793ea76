/** A provider on loopback that answers as a script says, and remembers what it was asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
  /** `performance.now()` at arrival. */
  readonly atMs: number
}

/** Answers request number `index` (from 0). */
export type Script = (response: ServerResponse, asked: Asked, index: number) => void

export interface ScriptedServer {
  readonly endpoint: string
  readonly asked: readonly Asked[]
  /** Responses whose connection ended before they were finished. */
  readonly cutOff: () => number
  readonly openNow: () => number
  readonly openAtMost: () => number
  close(): Promise<void>
}

export async function startServer(script: Script): Promise<ScriptedServer> {
  const asked: Asked[] = []
  let cutOff = 0
  let open = 0
  let openAtMost = 0
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    openAtMost = Math.max(openAtMost, ++open)
    response.on('close', () => {
      open--
      if (!response.writableFinished) cutOff++
    })
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>
      const one = { path: request.url ?? '', headers: request.headers, body, atMs: performance.now() }
      asked.push(one)
      script(response, one, asked.length - 1)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    cutOff: () => cutOff,
    openNow: () => open,
    openAtMost: () => openAtMost,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export function completion(content: string | null, extra: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
    ...extra,
  }
}

export function answerOk(response: ServerResponse, content = 'hello'): void {
  sendJson(response, 200, completion(content))
}

/** Waits until `condition` holds; fails loudly after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > endMs) throw new Error('the condition did not become true within 10 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
