import { describe, expect, it } from 'vitest'
import type { CellTools } from '../../../src/columns/generator.ts'
import { openJournal } from '../../../src/dataset/journal/journal.ts'
import type { Journal } from '../../../src/dataset/journal/journal.ts'
import { createToolBook } from '../../../src/dataset/row-group/tool-book.ts'
import type { ToolBookOptions } from '../../../src/dataset/row-group/tool-book.ts'
import { ParquetryError } from '../../../src/errors.ts'
import type { ToolResult, ToolServers } from '../../../src/mcp/tools.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import { target } from '../../helpers/tool-servers.ts'

const call = { id: 'c', name: 'look_up', arguments: '{"topic":"tea"}' }
const place = { restart: 0, step: 0, call: 0 }
const cell = { row: 3, column: 'note', refill: 0 }
const fingerprint = `sha256:${'a'.repeat(64)}`

async function open(
  more: Partial<ToolBookOptions> & { answer?: () => Promise<ToolResult>; storage?: ReturnType<typeof createMemoryStorage> } = {},
): Promise<{ tools: CellTools; called: string[]; journal: Journal; stop: AbortController; abort: AbortController }> {
  const called: string[] = []
  const [stop, abort] = [new AbortController(), new AbortController()]
  const journal = await openJournal(more.storage ?? createMemoryStorage(), 0, { runId: 'r', attempt: called.length + 1, fingerprint })
  const servers: ToolServers = {
    list: () => Promise.resolve([]),
    call: (_target, wanted) => {
      called.push(wanted.arguments)
      return more.answer?.() ?? Promise.resolve({ content: 'facts', isError: false })
    },
    close: () => Promise.resolve(),
  }
  const book = createToolBook({
    servers,
    targets: { t: target([]) },
    journal,
    stop: stop.signal,
    abort: abort.signal,
    untilAllowed: () => undefined,
    onLost: undefined,
    ...more,
  })
  return { tools: book!(cell), called, journal, stop, abort }
}

describe('the tools of an open row group', () => {
  it('are called once for each place; what they came to, failures too, is in the journal and costs no model call', async () => {
    const storage = createMemoryStorage()
    const first = await open({ storage, answer: () => Promise.resolve({ content: 'it broke', isError: true }) })
    expect(await first.tools.call('t', call, place)).toBe('it broke')
    expect(await first.tools.call('t', call, { ...place, call: 1 })).toBe('it broke')
    expect(first.journal.usage()).toEqual({ calls: 0, inputTokens: 0, outputTokens: 0 })
    await first.journal.close()
    const next = await open({ storage })
    expect(await next.tools.call('t', call, place)).toBe('it broke')
    expect(next.called).toEqual([])
    expect(await next.tools.call('t', call, { ...place, turn: 1 })).toBe('facts')
    expect(next.called.length).toBe(1)
  })

  it('are not called after a stop; a call that is under way ends, and is kept', async () => {
    let answer: (result: ToolResult) => void = () => undefined
    const { tools, called, journal, stop } = await open({ answer: () => new Promise((resolve) => (answer = resolve)) })
    const underWay = tools.call('t', call, place)
    await Promise.resolve()
    stop.abort(new Error('stopped'))
    await expect(tools.call('t', call, { ...place, call: 1 })).rejects.toThrow('stopped')
    answer({ content: 'late facts', isError: false })
    expect(await underWay).toBe('late facts')
    expect([called.length, journal.size]).toEqual([1, 1])
  })

  it('are not called while the attempt is cut off from the server', async () => {
    let allow: () => void = () => undefined
    const { tools, called } = await open({ untilAllowed: () => new Promise((resolve) => (allow = resolve)) })
    const held = tools.call('t', call, place)
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(called).toEqual([])
    allow()
    expect(await held).toBe('facts')
  })

  it('are the last ones called when the journal takes no more', async () => {
    const lost: unknown[] = []
    const full = new ParquetryError('DISK_FULL', 'no room')
    const { journal } = await open()
    const refusing = { ...journal, lookup: () => undefined, record: () => Promise.reject(full) } as unknown as Journal
    const { tools } = await open({ journal: refusing, onLost: (error) => lost.push(error) })
    await expect(tools.call('t', call, place)).rejects.toBe(full)
    expect(lost).toEqual([full])
  })
})
