import { describe, expect, it } from 'vitest'
import {
  checkDatasetName,
  isJournalOf,
  isSidecarKey,
  isStagedSidecarKey,
  keys,
  timestampedName,
  isStagedProcessor,
  parseVersionName,
} from '../../src/dataset/layout.ts'
import { partsOfKey } from '../../src/storage/keys.ts'

const attempt = { runId: '0199-ab', attempt: 3 }

describe('the layout', () => {
  it('is that of the design', () => {
    expect(keys.rowGroup(12)).toBe('parquet-files/batch_00012.parquet')
    expect(keys.stagedRowGroup(12, attempt)).toBe('tmp-partial-parquet-files/batch_00012.0199-ab.3.parquet')
    expect(keys.sidecar(keys.droppedColumnsFolder, 12)).toBe('dropped-columns-parquet-files/batch_00012.parquet')
    expect(keys.sidecar(keys.processorFolder('to chat'), 0)).toBe('processors-files/to chat/batch_00000.parquet')
    expect(keys.journal(12, attempt)).toBe('journal/batch_00012.0199-ab.3.jsonl')
    expect(keys.quarantined(3, 'a-b')).toBe('quarantine/batch_00003.a-b.parquet')
    expect(keys.request('r1')).toBe('requests/r1.json')
  })

  it('stages every file of an attempt under a name of its own', () => {
    const folders = [keys.droppedColumnsFolder, keys.processorFolder('a'), keys.processorFolder('b')]
    const staged = [keys.stagedRowGroup(1, attempt), ...folders.map((folder) => keys.stagedSidecar(folder, 1, attempt))]
    const other = folders.map((folder) => keys.stagedSidecar(folder, 1, { ...attempt, attempt: 4 }))
    expect(new Set([...staged, ...other]).size).toBe(7)
    for (const key of staged.slice(1)) expect(isStagedSidecarKey(key)).toBe(true)
    for (const folder of folders) expect(isSidecarKey(keys.sidecar(folder, 1))).toBe(true)
  })

  it('finds the journals of one row group only', () => {
    expect(isJournalOf(1, 'batch_00001.run.1.jsonl')).toBe(true)
    expect(isJournalOf(1, 'batch_000010.run.1.jsonl')).toBe(false)
    expect(isJournalOf(1, 'batch_00010.run.1.jsonl')).toBe(false)
    expect(isJournalOf(1, 'batch_00001.run.1.txt')).toBe(false)
  })

  it('leads nowhere else, whatever ids are', () => {
    for (const evil of ['../../etc', 'a/b', '..', '\0', 'a\\b']) {
      for (const key of [
        keys.request(evil),
        keys.journal(1, { runId: evil, attempt: 1 }),
        keys.stagedRowGroup(1, { runId: evil, attempt: 1 }),
        keys.quarantined(1, evil),
      ]) {
        expect(partsOfKey(key)).toHaveLength(2)
      }
    }
  })

  it.each([
    'metadata.json',
    'tmp-partial-parquet-files/../metadata.json',
    'tmp-partial-parquet-files/a/b',
    'tmp-partial-parquet-files/',
    '/etc/passwd',
    'parquet-files/batch_00000.parquet',
  ])('takes %j for no sidecar', (key) => {
    expect(isStagedSidecarKey(key)).toBe(false)
    expect(isSidecarKey(key)).toBe(false)
  })

  it.each([
    'processors-files/x',
    'processors-files/../x',
    'processors-files/a/../x',
    'processors-files//x',
    'dropped-columns-parquet-files/a/b',
  ])('takes %j for no final sidecar', (key) => {
    expect(isSidecarKey(key)).toBe(false)
  })
})

describe('dataset names', () => {
  it.each(['dataset', 'Größe 2', 'a.b', '.hidden', '数据集', 'x'.repeat(200)])('may be %j', (name) => {
    expect(() => checkDatasetName(name)).not.toThrow()
  })

  it.each([
    '',
    '.',
    '..',
    'a/b',
    'a\\b',
    'a:b',
    'a<b',
    'a>b',
    'a"b',
    'a|b',
    'a?b',
    'a*b',
    'a\nb',
    'a\0',
    'a.',
    'a ',
    ' ',
    '\ud800',
    'x'.repeat(201),
    'ä'.repeat(101),
  ])('may not be %j', (name) => {
    expect(() => checkDatasetName(name)).toThrow(
      expect.objectContaining({ code: 'DATASET_NAME_INVALID', details: { wayOut: expect.any(String) } }),
    )
  })

  it('are refused for processors too', () => {
    expect(() => keys.processorFolder('../x')).toThrow(expect.objectContaining({ code: 'DATASET_NAME_INVALID' }))
  })

  it('get the local time when they are taken', () => {
    expect(timestampedName('reviews', new Date(2025, 0, 9, 4, 5, 6))).toBe('reviews_01-09-2025_040506')
  })
})

describe('versions of processor outputs', () => {
  const hash = '0123456789abcdef'

  it.each([
    [keys.processorVersion('a@b', hash), { kind: 'version', processor: 'a@b', hash }],
    [`${keys.processorVersion('x', hash)}/`, { kind: 'version', processor: 'x', hash }],
    [`${keys.processorVersion('x', hash)}.replaced`, { kind: 'replaced', processor: 'x', hash }],
    [keys.processorSwap('x'), { kind: 'swap', processor: 'x', hash: '' }],
  ])('are told from their names: %s', (key, version) => {
    expect(parseVersionName(key.slice(`${keys.processorVersionsFolder}/`.length))).toEqual(version)
  })

  it.each(['notes.txt', `@${hash}`, `x@${hash}0`, 'x@0123', '.swap.json', '...swap.json'])('are not seen in %s', (name) => {
    expect(parseVersionName(name)).toBeNull()
  })

  it('are staged under names that fit any file system', () => {
    const key = keys.stagedProcessor('x'.repeat(200), { runId: '01a20bbd-9965-7a4b-ba82-174ad1b7fbd8', attempt: 999 })
    expect(Buffer.byteLength(key.split('/')[1] ?? '')).toBeLessThanOrEqual(255)
    expect(isStagedProcessor(`${key.split('/')[1]}/`)).toBe(true)
    expect(isStagedProcessor('batch_00000.run.1.parquet')).toBe(false)
  })
})
