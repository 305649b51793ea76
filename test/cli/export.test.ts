import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace, eventsOf, printedCommands, SAMPLERS } from './helpers.ts'
import type { Place } from './helpers.ts'

let place: Place

beforeAll(async () => {
  place = await createPlace()
  place.write(
    'colours.yaml',
    `${SAMPLERS}\nparquetry:\n  processors:\n    - processor_type: shuffle\n    - { processor_type: export, format: csv }\n`,
  )
  const made = await place.run(['create', 'colours.yaml', '-n', '30', '--buffer-size', '10', '--seed', '1'])
  expect(made).toMatchObject({ code: 0 })
  expect(made.stdout).toContain('Report   artifacts/colours/report.html')
}, 300_000)
afterAll(() => place.remove())

const noServer = { TEMPORAL_ADDRESS: '127.0.0.1:9' }
const at = (...path: readonly string[]): string => join(place.folder, 'artifacts', 'colours', ...path)
const linesOf = (text: string): readonly string[] => text.trimEnd().split('\n')

describe('report', () => {
  it('is left by a run, and made again without a server, the same', async () => {
    const left = readFileSync(at('report.html'), 'utf8')
    rmSync(at('report.html'))
    const ended = await place.run(['report', 'colours'], noServer)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/^Report {3}artifacts\/colours\/report\.html {3}30 of 30 rows, \d+ KB\n$/)
    expect(readFileSync(at('report.html'), 'utf8')).toBe(left)
    expect(left).toContain('aria-label="Values of colour"')
    expect(await place.run(['report', 'colours', '--output', 'sent/page.html', '--json'], noServer)).toMatchObject({ code: 0 })
    expect(readFileSync(join(place.folder, 'sent', 'page.html'), 'utf8')).toBe(left)
    expect(await place.run(['verify', 'colours'], noServer)).toMatchObject({ code: 0 })
  })
})

describe('export', () => {
  it('writes one file, needing no server, and verify has nothing against it', async () => {
    const ended = await place.run(['export', 'colours', '--format', 'jsonl'], noServer)
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/^Exported 30 rows -> artifacts\/colours\/colours\.jsonl {3}jsonl, \d+(\.\d)? K?B\n$/)
    expect(linesOf(readFileSync(at('colours.jsonl'), 'utf8'))).toHaveLength(30)
    expect(await place.run(['verify', 'colours'], noServer)).toMatchObject({ code: 0 })
    const again = await place.run(['export', 'colours', '--format', 'jsonl'], noServer)
    expect(again).toMatchObject({ code: 2, stdout: '' })
    expect(again.stderr).toContain('--overwrite')
    expect(await place.run(['export', 'colours', '--format', 'jsonl', '--overwrite'], noServer)).toMatchObject({ code: 0 })
  })

  it('has the rows that the processors of the config have, in the order of the dataset', async () => {
    const ended = await place.run(['export', 'colours', '--output', 'plain.csv'], noServer)
    expect(ended.code).toBe(0)
    const [plain, shuffled] = [join(place.folder, 'plain.csv'), at('processors-files', 'export', 'export.csv')].map((file) =>
      linesOf(readFileSync(file, 'utf8')),
    )
    expect(shuffled![0]).toBe(plain![0])
    expect(shuffled).not.toEqual(plain)
    expect(shuffled!.toSorted()).toEqual(plain!.toSorted())
  })

  it('pipes nothing but rows to stdout, chosen columns only', async () => {
    const [header] = linesOf(readFileSync(at('processors-files', 'export', 'export.csv'), 'utf8'))
    const column = header!.split(',')[0]!
    const ended = await place.run(['export', 'colours', '-f', 'csv', '--output', '-', '--columns', column], noServer)
    expect(ended.code).toBe(0)
    expect(linesOf(ended.stdout)).toHaveLength(31)
    expect(linesOf(ended.stdout)[0]).toBe(column)
    expect(ended.stderr).toMatch(/^Exported 30 rows -> stdout/)
    expect(await place.run(['export', 'colours', '-f', 'csv', '--output', '-', '--json'], noServer)).toMatchObject({ code: 2 })
    const wrong = await place.run(['export', 'colours', '-f', 'csv', '--columns', 'nothing'], noServer)
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(wrong.stderr).toContain('USAGE')
  })

  it('says what an incomplete dataset lacks, and how to go on', async () => {
    rmSync(at('parquet-files', 'batch_00001.parquet'))
    const ended = await place.run(['export', 'colours', '--output', 'part.parquet'], noServer)
    expect(ended.code).toBe(0)
    expect(ended.stdout).toMatch(/^Exported 20 rows/)
    expect(ended.stdout).toContain('INCOMPLETE: 10 of 30 rows are still missing (1 of 3 row groups)')
    expect(printedCommands(ended)).toEqual([['resume', 'colours']])
    const json = await place.run(['export', 'colours', '--output', 'part.jsonl', '--json'], noServer)
    expect(eventsOf(json)).toEqual([
      expect.objectContaining({ event: 'export', rows: 20, rowsMissing: 10, format: 'jsonl', file: join(place.folder, 'part.jsonl') }),
    ])
  })
})
