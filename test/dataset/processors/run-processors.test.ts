import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimOwner } from '../../../src/dataset/owner/owner.ts'
import { keys } from '../../../src/dataset/layout.ts'
import { reportStamp } from '../../../src/dataset/profile/profile-due.ts'
import { isProcessingDue } from '../../../src/dataset/processors/processing-due.ts'
import type { DatasetProcessor } from '../../../src/dataset/ports.ts'
import { checkProcessorNames } from '../../../src/dataset/processors/run-processors.ts'
import { hashOfRowGroups } from '../../../src/dataset/processors/row-groups-hash.ts'
import { ParquetryError } from '../../../src/errors.ts'
import { extendSegments } from '../../../src/plan/row-groups.ts'
import { createLocalStorage } from '../../../src/storage/local.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { dyingSystem, systemWithoutLinks } from '../../storage/replace-systems.ts'
import {
  COMPILED,
  copying,
  copyOf,
  dyingStorage,
  file,
  filesBelow,
  outputOf,
  run,
  SCHEMA,
  SEGMENTS,
  textOf,
  writeDataset,
  writePlan,
  writeRowGroup,
} from '../processed-datasets.ts'

let base = ''
let folders = 0

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'parquetry-processors-'))
})
afterAll(async () => {
  await rm(base, { recursive: true, force: true })
})

const newFolder = (): string => join(base, String((folders += 1)))

/** Anything of processing that no reader is shown: staged outputs, announced swaps, versions other than those shown. */
async function leftovers(storage: Storage): Promise<readonly string[]> {
  const staged = await storage.list('tmp-partial-parquet-files')
  const versions = await storage.list('processors-files/.versions')
  const shown = new Set<string>()
  for (const name of await storage.list('processors-files')) {
    const marker = await storage.read(`processors-files/${name.replace('/', '')}/.made-from.json`)
    if (marker !== null) shown.add(`${name.slice(0, -1)}@${(JSON.parse(new TextDecoder().decode(marker)) as { hash: string }).hash}/`)
  }
  return [...staged, ...versions.filter((name) => !shown.has(name))]
}

/** The storage as if a report stood in it: writing one costs two fsyncs in each of hundreds of rounds. */
function withReport(storage: Storage): Storage {
  return new Proxy(storage, {
    get(target, property) {
      if (property === 'stat') return async (key: string) => (key === keys.report ? { sizeBytes: 1 } : await target.stat(key))
      const found: unknown = Reflect.get(target, property)
      return typeof found === 'function' ? (found.bind(target) as unknown) : found
    },
  })
}

describe('running processors', () => {
  it('makes the outputs once, and again only from other row groups', async () => {
    const storage = createMemoryStorage()
    await writeDataset(storage, 'old')
    const ran: string[] = []
    const processors = [copying('one', ran), copying('two', ran)]
    expect(await run(storage, processors)).toEqual(['one', 'two'])
    expect(await outputOf(storage, 'one')).toEqual(copyOf('old'))
    expect(await outputOf(storage, 'two')).toEqual(copyOf('old'))
    expect(await run(storage, processors)).toEqual([])
    expect(ran).toEqual(['one', 'two'])

    // A repair: the same rows, a higher generation.
    await writeRowGroup(storage, 1, 'old', { generation: 1 })
    expect(await run(storage, processors)).toEqual(['one', 'two'])
    await writeRowGroup(storage, 1, 'new', { generation: 2 })
    expect(await run(storage, processors)).toEqual(['one', 'two'])
    expect(await outputOf(storage, 'two')).toEqual({ ...copyOf('old'), 'parts/2.txt': 'new-1a,new-1b' })
    expect(await leftovers(storage)).toEqual([])
  })

  it('lets a processed dataset be extended: row groups stay, outputs are made of all of them', async () => {
    const storage = createMemoryStorage()
    await writeDataset(storage, 'old')
    await run(storage, [copying('one')])
    const before = await filesBelow(storage, 'parquet-files')
    const segments = extendSegments(SEGMENTS, 8, 2)
    await writeRowGroup(storage, 3, 'old', { segments })
    await writePlan(storage, segments)
    const dataset = { storage, segments, compiled: { schema: SCHEMA }, transforms: [] }
    expect(await run(storage, [copying('one')], { dataset })).toEqual(['one'])
    expect(await outputOf(storage, 'one')).toEqual({ ...copyOf('old'), 'count.txt': '8', 'parts/4.txt': 'old-3a,old-3b' })
    expect(await filesBelow(storage, 'parquet-files')).toMatchObject(before)
  })

  it('makes only those outputs that are missing, have lost a file, or are of another version of the processor', async () => {
    const storage = createMemoryStorage()
    await writeDataset(storage, 'old')
    const processors = ['one', 'two', 'three', 'four'].map((name) => copying(name))
    await run(storage, processors)
    await storage.remove('processors-files/two')
    await storage.remove('processors-files/three/parts/2.txt')
    const changed = processors.map((processor) => (processor.name === 'four' ? { ...processor, version: '2' } : processor))
    expect(await run(storage, changed)).toEqual(['two', 'three', 'four'])
    for (const { name } of processors) expect(await outputOf(storage, name)).toEqual(copyOf('old'))
    expect(await run(storage, changed)).toEqual([])
  })

  it('takes the place of a plain folder that an earlier release left, and leaves folders of others alone', async () => {
    const folder = newFolder()
    const storage = createLocalStorage(folder)
    await writeDataset(storage, 'old')
    await storage.writeAtomic('processors-files/one/made-from.json', '{"hash":"0123456789abcdef","files":["count.txt"]}')
    await storage.writeAtomic('processors-files/one/count.txt', '5')
    await storage.writeAtomic('processors-files/chat/batch_00000.parquet', 'a schema_transform')
    await storage.writeAtomic('processors-files/.versions/notes.txt', 'of a person')
    await run(storage, [copying('one')])
    expect(await outputOf(storage, 'one')).toEqual(copyOf('old'))
    expect(await outputOf(storage, 'chat')).toEqual({ 'batch_00000.parquet': 'a schema_transform' })
    expect(await leftovers(storage)).toEqual(['notes.txt'])
    expect(await readdir(join(folder, 'processors-files'))).toEqual(['.versions', 'chat', 'one'])
  })

  it('has a processor read the tables from the first one as often as it likes', async () => {
    const storage = createMemoryStorage()
    await writeDataset(storage, 'old')
    const twice: DatasetProcessor = {
      name: 'twice',
      async *process(tables) {
        const texts: string[] = []
        for await (const table of tables) {
          texts.push(textOf(table))
          break
        }
        for await (const table of tables) texts.push(textOf(table))
        yield file('texts.json', JSON.stringify(texts))
      },
    }
    const progress: object[] = []
    await run(storage, [twice], { onProgress: (now) => progress.push(now) })
    expect(await outputOf(storage, 'twice')).toEqual({
      'texts.json': JSON.stringify(['old-0a,old-0b', 'old-0a,old-0b', 'old-1a,old-1b', 'old-2a,old-2b']),
    })
    expect(progress[0]).toEqual({ processor: 'twice', rowGroupsRead: 0, filesWritten: 0 })
    expect(progress.at(-1)).toEqual({ processor: 'twice', rowGroupsRead: 4, filesWritten: 1 })
  })
})

function openGate(): { readonly passed: Promise<void>; open(): void } {
  let open = (): void => undefined
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open: () => open() }
}

const STORAGES: readonly [string, () => (system?: Parameters<typeof createLocalStorage>[1]) => Storage][] = [
  [
    'in memory',
    () => {
      const storage = createMemoryStorage()
      return () => storage
    },
  ],
  [
    'in a folder',
    () => {
      const folder = newFolder()
      return (system) => createLocalStorage(folder, system)
    },
  ],
  [
    'in a folder without symbolic links',
    () => {
      const folder = newFolder()
      return (system) => createLocalStorage(folder, system ?? systemWithoutLinks)
    },
  ],
]

/** What stood there before: nothing, an output of ours, or the plain folder of an earlier release. */
const BEFORE: readonly [string, (storage: Storage) => Promise<void>, object][] = [
  ['nothing', async () => undefined, {}],
  [
    'an older output',
    async (storage) => {
      await writeDataset(storage, 'old')
      await run(storage, [copying('one')])
    },
    copyOf('old'),
  ],
  ['a plain folder', async (storage) => storage.writeAtomic('processors-files/one/plain.txt', 'old'), { 'plain.txt': 'old' }],
]

describe.each(STORAGES)('a process that dies while processing %s', (_name, place) => {
  const nextRun = { attempt: { runId: 'run-2', attempt: 1 } }

  it.each(BEFORE)(
    'leaves the old or the new output whole where there was %s, and the next run ends with the new one and nothing else',
    { timeout: 120_000 },
    async (_before, begin, old) => {
      let deaths = 0
      for (const when of ['before', 'after'] as const) {
        for (let at = 1; ; at += 1) {
          const reopen = place()
          await begin(reopen())
          const metadata = await writeDataset(reopen(), 'new')
          const dying = dyingStorage(reopen(), at, when)
          await run(dying.storage, [copying('one')]).catch((error: unknown) => expect(String(error)).toContain('died'))
          const shown = await outputOf(reopen(), 'one')
          if (!dying.isDead()) {
            expect(shown).toEqual(copyOf('new'))
            break
          }
          deaths += 1
          expect([old, copyOf('new')]).toContainEqual(shown)

          // The next run: prepare notices, and processing ends.
          const storage = reopen()
          const rowGroupsHash = await hashOfRowGroups(storage, SEGMENTS)
          const report_made_from = reportStamp(metadata, rowGroupsHash, COMPILED.policies)
          const parquetry = { ...metadata.parquetry, profile_made_from: rowGroupsHash, report_made_from }
          const profiled = { ...metadata, column_statistics: [], parquetry }
          const isDue = await isProcessingDue(withReport(storage), profiled, COMPILED, [copying('one')])
          const isEnded = JSON.stringify(await outputOf(storage, 'one')) === JSON.stringify(copyOf('new'))
          expect(isDue).toBe(!isEnded || (await leftovers(storage)).length > 0)
          if (isDue) await run(storage, [copying('one')], nextRun)
          expect(await outputOf(storage, 'one')).toEqual(copyOf('new'))
          expect(await leftovers(storage)).toEqual([])
        }
      }
      expect(deaths).toBeGreaterThan(50)
    },
  )
})

describe.each([
  ['with symbolic links', undefined],
  ['without symbolic links', systemWithoutLinks],
])('a process that dies in the middle of a swap %s', (name, links) => {
  it.each(BEFORE)('has it rolled forward by the next start where there was %s', async (before, begin, old) => {
    let deaths = 0
    let unshown = 0
    for (let calls = 0; ; calls += 1) {
      const folder = newFolder()
      const reopen = (system = links): Storage => createLocalStorage(folder, system)
      await begin(reopen())
      const metadata = await writeDataset(reopen(), 'new')
      const system = dyingSystem(calls, links)
      await run(reopen(system), [copying('one')]).catch((error: unknown) => expect(String(error)).toContain('EIO'))
      const shown = await outputOf(reopen(), 'one')
      if (!system.isDead()) {
        expect(shown).toEqual(copyOf('new'))
        break
      }
      deaths += 1
      if (JSON.stringify(shown) !== JSON.stringify(old)) {
        if (Object.keys(shown).length === 0) unshown += 1
        else expect(shown).toEqual(copyOf('new'))
      }
      await isProcessingDue(reopen(), metadata, COMPILED, [copying('one')])
      expect(await outputOf(reopen(), 'one')).toEqual(copyOf('new'))
      await run(reopen(), [copying('one')], { attempt: { runId: 'run-2', attempt: 1 } })
      expect(await leftovers(reopen())).toEqual([])
      expect((await readdir(join(folder, 'processors-files'))).sort()).toEqual(['.versions', 'one'])
    }
    expect(deaths).toBeGreaterThanOrEqual(5)
    // One step where links are replaced by links: there is no moment without an output.
    if (name === 'with symbolic links' && before === 'an older output') expect(unshown).toBe(0)
  })
})

describe('a processor that goes wrong', () => {
  async function failing(error: unknown): Promise<{ storage: Storage; caught: unknown }> {
    const storage = createMemoryStorage()
    await writeDataset(storage, 'old')
    await run(storage, [copying('one')])
    await writeRowGroup(storage, 0, 'new', { generation: 1 })
    const broken: DatasetProcessor = {
      name: 'one',
      async *process(tables) {
        for await (const table of tables) {
          yield file('half.txt', textOf(table))
          throw error
        }
      },
    }
    const caught = await run(storage, [broken]).catch((thrown: unknown) => thrown)
    expect(await outputOf(storage, 'one')).toEqual(copyOf('old'))
    expect(await leftovers(storage)).toEqual([])
    return { storage, caught }
  }

  it('ends with a code of its own and the way out, keeps rows and earlier output, and is run again after it was corrected', async () => {
    const { storage, caught } = await failing(new TypeError('x is not a function'))
    expect(caught).toMatchObject({
      code: 'PROCESSOR_FAILED',
      kind: 'user',
      message: expect.stringMatching(/"one" failed: x is not a function/),
      details: { wayOut: expect.stringContaining('--resume always') },
    })
    expect(await run(storage, [copying('one')])).toEqual(['one'])
    expect(await outputOf(storage, 'one')).toMatchObject({ 'parts/1.txt': 'new-0a,new-0b' })
  })

  it('is retried for what waiting can cure, and for nothing else', async () => {
    const full = new ParquetryError('DISK_FULL', 'no space left')
    expect((await failing(full)).caught).toBe(full)
    const content = new ParquetryError('VALUE_NOT_REPRESENTABLE', 'NaN')
    expect((await failing(content)).caught).toMatchObject({ code: 'PROCESSOR_FAILED', cause: content })
    expect((await failing('a text')).caught).toMatchObject({ code: 'PROCESSOR_FAILED', message: expect.stringContaining('a text') })
  })

  it.each([
    ['twice', ['a.txt', 'a.txt'], 'PROCESSOR_FAILED'],
    ['over the marker', ['.made-from.json'], 'PROCESSOR_FAILED'],
    ['outside its folder', ['../../escaped.txt'], 'DATASET_NAME_INVALID'],
  ])('may not write a file %s', async (_what, names, code) => {
    const storage = createMemoryStorage()
    await writeDataset(storage, 'old')
    const naming: DatasetProcessor = {
      name: 'one',
      async *process() {
        for (const name of names) yield file(name, 'x')
      },
    }
    await expect(run(storage, [naming])).rejects.toMatchObject({ code })
    expect(await storage.list('')).toEqual(['metadata.json', 'parquet-files/'])
  })

  it('has made nothing when row groups changed under it', async () => {
    const storage = createMemoryStorage()
    await writeDataset(storage, 'old')
    const disturbed: DatasetProcessor = {
      name: 'one',
      async *process(tables) {
        for await (const table of tables) yield file(`${textOf(table)}.txt`, '')
        await writeRowGroup(storage, 0, 'new', { generation: 1 })
      },
    }
    await expect(run(storage, [disturbed])).rejects.toMatchObject({ code: 'STORAGE_FAILED', kind: 'blocked' })
    expect(await outputOf(storage, 'one')).toEqual({})
    await run(storage, [copying('one')])
    expect(await leftovers(storage)).toEqual([])
  })
})

describe('an attempt that shall end', () => {
  it('stops between two tables, with the reason of the signal, and swaps nothing in', async () => {
    const storage = createMemoryStorage()
    await writeDataset(storage, 'old')
    const controller = new AbortController()
    const reason = new Error('cancelled')
    let tablesRead = 0
    const cancelled: DatasetProcessor = {
      name: 'one',
      async *process(tables) {
        try {
          for await (const _table of tables) {
            tablesRead += 1
            controller.abort(reason)
          }
        } catch {
          throw new Error('what the processor makes of it does not count')
        }
        yield file('never.txt', '')
      },
    }
    await expect(run(storage, [cancelled], { signal: controller.signal })).rejects.toBe(reason)
    expect(tablesRead).toBe(1)
    expect(await outputOf(storage, 'one')).toEqual({})
    expect(await leftovers(storage)).toEqual([])
  })

  it('swaps nothing in when a later run has taken the folder over', async () => {
    const storage = createMemoryStorage()
    await writeDataset(storage, 'old')
    const owner = { server: 's', namespace: 'n', workflowId: 'w', firstRunId: 'first' }
    const epoch = await claimOwner(storage, owner, 0)
    const overtaken: DatasetProcessor = {
      name: 'one',
      async *process() {
        await claimOwner(storage, { ...owner, firstRunId: 'second' }, 1)
        yield file('late.txt', '')
      },
    }
    await expect(run(storage, [overtaken], { epoch })).rejects.toMatchObject({ code: 'DATASET_OPEN_ELSEWHERE' })
    expect(await outputOf(storage, 'one')).toEqual({})
    await expect(run(storage, [copying('one')], { epoch })).rejects.toMatchObject({ code: 'DATASET_OPEN_ELSEWHERE' })
    // The version that it made stands whole: the run that took over only shows it.
    expect(await run(storage, [copying('one')], { epoch: epoch + 1 })).toEqual([])
    expect(await outputOf(storage, 'one')).toEqual({ 'late.txt': '' })
  })

  it('held back until its successor has ended, does no harm', async () => {
    const storage = createLocalStorage(newFolder())
    await writeDataset(storage, 'old')
    const arrived = openGate()
    const gate = openGate()
    const heldBack: DatasetProcessor = {
      name: 'one',
      async *process() {
        yield file('parts/1.txt', 'of the first attempt')
        arrived.open()
        await gate.passed
        yield file('count.txt', '6')
      },
    }
    const zombie = run(storage, [heldBack])
    await arrived.passed
    expect(await run(storage, [copying('one')], { attempt: { runId: 'run', attempt: 2 } })).toEqual(['one'])
    gate.open()
    await expect(zombie).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await outputOf(storage, 'one')).toEqual(copyOf('old'))
    expect(await run(storage, [copying('one')], { attempt: { runId: 'run', attempt: 3 } })).toEqual([])
    expect(await outputOf(storage, 'one')).toEqual(copyOf('old'))
    expect(await leftovers(storage)).toEqual([])
  })
})

describe('two attempts at once', () => {
  it('that both make the whole output end with one of them, and nothing else', async () => {
    const storage = createLocalStorage(newFolder())
    await writeDataset(storage, 'old')
    const gate = openGate()
    let waiting = 0
    const copying1 = copying('one')
    const together: DatasetProcessor = {
      name: 'one',
      async *process(tables, schema, context) {
        yield* copying1.process(tables, schema, context)
        waiting += 1
        if (waiting === 2) gate.open()
        await gate.passed
      },
    }
    const outcomes = await Promise.allSettled([1, 2].map((attempt) => run(storage, [together], { attempt: { runId: 'run', attempt } })))
    // One of them may find its folder cleared away or taken, and is then tried again.
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'STORAGE_FAILED' })
    await run(storage, [copying('one')], { attempt: { runId: 'run', attempt: 3 } })
    expect(await outputOf(storage, 'one')).toEqual(copyOf('old'))
    expect(await leftovers(storage)).toEqual([])
  })
})

describe('names of processors', () => {
  const named = (name: string): DatasetProcessor => copying(name)

  it.each([
    ['a schema_transform of the config', [named('Chat')], [{ name: 'chat' }]],
    ['another dataset processor', [named('chat'), named('CHAT')], []],
    ['a dot at its start', [named('.versions')], []],
  ])('are refused when they share a folder with %s', (found, processors, transforms) => {
    expect(() => checkProcessorNames(processors, transforms)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(found) }),
    )
  })

  it('are refused when they cannot be a folder, and taken otherwise', async () => {
    expect(() => checkProcessorNames([named('../x')], [])).toThrow(expect.objectContaining({ code: 'DATASET_NAME_INVALID' }))
    checkProcessorNames([named('a'), named('b')], [{ name: 'c' }])
    const storage = createMemoryStorage()
    const metadata = await writeDataset(storage, 'old')
    const transform = { processor_type: 'schema_transform' as const, name: 'one', template: { x: '1' } }
    await expect(isProcessingDue(storage, metadata, { ...COMPILED, processors: [transform] }, [copying('one')])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })
})
