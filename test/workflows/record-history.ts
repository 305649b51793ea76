/** Keeps the history of a run on the test server, so that later code can be held against it. */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { inject } from 'vitest'
import { findTestBinary } from '../helpers/temporal-server.ts'

/** Writes `<folder><name>.json`: the history of a run of the workflow id, by default of its newest one. */
export async function recordHistory(folder: string, name: string, workflowId: string, runId?: string): Promise<void> {
  const which = ['-w', workflowId, ...(runId === undefined ? [] : ['-r', runId])]
  const show = ['workflow', 'show', '--address', inject('temporalAddress'), ...which, '-o', 'json']
  const text = execFileSync((await findTestBinary()).path, show, { encoding: 'utf8' })
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder}${name}.json`, JSON.stringify(JSON.parse(text, withoutMachine), null, 1))
}

/** Replay needs neither who did a thing nor where. */
function withoutMachine(key: string, value: unknown): unknown {
  if (key === 'stackTrace') return ''
  if (key === 'identity') return 'recorder'
  return key === 'name' && typeof value === 'string' && value.includes('@') ? 'sticky' : value
}
