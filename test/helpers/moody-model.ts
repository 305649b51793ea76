/** A model on loopback whose mood is set by the test: it answers, refuses, fails, talks nonsense, or is not there at all. */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** `well` answers with JSON; a number is an HTTP status; `nonsense` answers with text that is no JSON; `absent` refuses connections. */
export type Mood = 'well' | 'nonsense' | 'absent' | number

/** See the head of the file. */
export interface MoodyModel {
  readonly endpoint: string
  /** Requests that were answered with 200, nonsense included. */
  readonly paid: () => number
  /** Different requests among them. */
  readonly distinct: () => number
  /** All requests. */
  readonly requests: () => number
  readonly inFlight: () => number
  /** From now on; a change to or from `absent` closes or opens the port. */
  setMood(mood: Mood): Promise<void>
  /** The mood falls to `mood` once so many requests were answered well. */
  fallAfter(paid: number, mood: Mood): void
  close(): Promise<void>
}

/** Starts the model, well. */
export async function startMoodyModel(latencyMs = 5): Promise<MoodyModel> {
  let mood: Mood = 'well'
  let fall: { readonly paid: number; readonly mood: Mood } | null = null
  let requests = 0
  let paid = 0
  let inFlight = 0
  let port = 0
  let server: Server | null = null
  const seen = new Set<string>()

  async function listen(): Promise<void> {
    server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        requests += 1
        inFlight += 1
        setTimeout(() => {
          inFlight -= 1
          const status = typeof mood === 'number' ? mood : 200
          const body = Buffer.concat(chunks).toString('utf8')
          if (status === 200) {
            paid += 1
            seen.add(body)
            if (fall !== null && paid >= fall.paid) void setMood(fall.mood)
          }
          const content =
            mood === 'nonsense' ? 'I would rather not say' : JSON.stringify({ title: `no ${body.length}`, rating: 1 + (body.length % 5) })
          const answer =
            status === 200
              ? {
                  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
                  usage: { prompt_tokens: 7, completion_tokens: 3 },
                }
              : { error: { message: `the mood is ${status}` } }
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
        }, latencyMs)
      })
    })
    const listening = server
    await new Promise<void>((resolve) => listening.listen(port, '127.0.0.1', resolve))
    port = (listening.address() as AddressInfo).port
  }

  async function close(): Promise<void> {
    const closing = server
    server = null
    if (closing === null) return
    await new Promise<void>((resolve) => {
      closing.close(() => resolve())
      closing.closeAllConnections()
    })
  }

  async function setMood(next: Mood): Promise<void> {
    fall = null
    mood = next
    if (next === 'absent') await close()
    else if (server === null) await listen()
  }

  await listen()
  return {
    endpoint: `http://127.0.0.1:${port}/v1`,
    paid: () => paid,
    distinct: () => seen.size,
    requests: () => requests,
    inFlight: () => inFlight,
    setMood,
    fallAfter(count, next) {
      fall = { paid: count, mood: next }
    },
    close,
  }
}
