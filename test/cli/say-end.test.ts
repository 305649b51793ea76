import { describe, expect, it } from 'vitest'
import type { Output } from '../../src/cli/output.ts'
import type { SessionEnd } from '../../src/cli/run-session.ts'
import { sayEnd } from '../../src/cli/say-end.ts'
import type { Server } from '../../src/cli/server.ts'
import { NO_TOTALS } from '../../src/contract.ts'
import type { DatasetResult, Totals } from '../../src/contract.ts'

/** What is said at the end of a run with these totals. */
function linesFor(totals: Totals, state: DatasetResult['state'] = 'complete'): readonly string[] {
  const lines: string[] = []
  const output = { say: (line = '') => lines.push(line), warn: (line: string) => lines.push(line), emit: () => undefined }
  const server = { handle: { origin: 'configured', uiUrl: 'http://ui', address: '127.0.0.1:1' }, target: { namespace: 'default' } }
  const result: DatasetResult = {
    state,
    generated: true,
    location: '/data/d',
    targetNumRecords: totals.rowsWritten,
    totals,
    produced: totals,
    findings: [],
  }
  const end = {
    exitCode: 0,
    extensions: './code.mjs',
    run: { workflowId: 'parquetry/d', location: '/data/d' },
    result,
  } as unknown as SessionEnd
  sayEnd(output as unknown as Output, server as unknown as Server, end, { elapsedMs: 1_000, rehearsal: false, currency: null })
  return lines
}

describe('the end of a run', () => {
  const totals: Totals = {
    ...NO_TOTALS,
    rowGroups: 1,
    rowsWritten: 2_000,
    usage: { calls: 6_000, inputTokens: 1, outputTokens: 1, cost: 0 },
  }

  it('says how many calls were paid again over all runs', () => {
    expect(linesFor({ ...totals, callsPaidTwice: 41 })).toContain('Calls    6,041 answered in all runs: 6,000 needed, 41 paid again')
  })

  it('names the module with code in the commands that go on', () => {
    const more = linesFor(totals, 'incomplete').filter((line) => /^(?:Accept|Retry)/.test(line))
    expect(more).toEqual([expect.stringContaining(' --extensions ./code.mjs '), expect.stringContaining(' --extensions ./code.mjs ')])
    expect(linesFor(totals, 'stopped')).toContainEqual(expect.stringMatching(/^go on .* resume .* --extensions \.\/code\.mjs /))
  })

  it('says nothing of the kind where none was', () => {
    expect(linesFor(totals).filter((line) => line.includes('paid again'))).toEqual([])
    expect(linesFor(totals)).toContainEqual(expect.stringMatching(/^Calls {4}6,000 /))
  })
})
