/**
 * Sessions of coding agents as seed data: a row a file, as DataDesigner normalises them, one file in memory at a time. A file that is not
 * what its format says is left out, and a note names it.
 */
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { isParquetryError } from '../../errors.ts'
import { byCodePoint, firstThere, statFile } from '../find-files.ts'
import { findDirectoryFiles } from '../read-directory.ts'
import type { SeedFile, SeedPlace, SeedRow, SeedSource } from '../source.ts'
import { readText } from '../text-chunks.ts'
import { readAtifTrajectory } from './atif.ts'
import { addClaudeIndex, readClaudeSession } from './claude-code.ts'
import { readCodexSession } from './codex.ts'
import { addHermesIndex, readHermesLog, readHermesTranscript } from './hermes-agent.ts'
import { readPiSession } from './pi-coding-agent.ts'
import { MalformedRollout, rowOf } from './rollout.ts'
import type { Json, Rollout } from './rollout.ts'

/** A source of sessions. */
export type AgentRolloutSource = Extract<SeedSource, { seed_type: 'agent_rollout' }>

type Format = AgentRolloutSource['format']

/** Where a format's sessions lie when the config does not say, and what their files are called. */
export const ROLLOUT_DEFAULTS: Readonly<Record<Format, { readonly path: string | null; readonly pattern: string }>> = {
  atif: { path: null, pattern: '*.json' },
  claude_code: { path: '~/.claude/projects', pattern: '*.jsonl' },
  codex: { path: '~/.codex/sessions', pattern: '*.jsonl' },
  hermes_agent: { path: '~/.hermes/sessions', pattern: '*.json*' },
  pi_coding_agent: { path: '~/.pi/agent/sessions', pattern: '*.jsonl' },
}

/** Session → what an index file says of it. */
type Index = ReadonlyMap<string, Json>

interface FormatReader {
  /** True for a file that is a session, by its path below the folder. */
  handles(relativePath: string): boolean
  /** True for other files that are no surprise. Default: none. */
  passesOver?(relativePath: string): boolean
  /** Files that say more of the sessions. Default none. */
  readonly index?: { readonly name: string; add(index: Map<string, Json>, payload: unknown): void }
  /** The session of a JSON lines file with records, or of a JSON file. */
  read(content: Content, stem: string, index: Index): Rollout
}

/** What a file holds: records, or one value. */
type Content = { readonly records: readonly Json[] } | { readonly value: unknown }

const isLines = (path: string): boolean => extname(path) === '.jsonl'

const READERS: Readonly<Record<Format, FormatReader>> = {
  atif: { handles: (path) => extname(path) === '.json', read: (content) => readAtifTrajectory(valueOf(content)) },
  claude_code: {
    handles: (path) => isLines(path) && !path.split('/').includes('tool-results') && basename(path) !== 'history.jsonl',
    index: { name: 'sessions-index.json', add: addClaudeIndex },
    read: (content, stem, index) => readClaudeSession(recordsOf(content), stem, index),
  },
  codex: {
    handles: (path) => isLines(path) && basename(path).startsWith('rollout-'),
    read: (content, stem) => readCodexSession(recordsOf(content), stem),
  },
  hermes_agent: {
    handles: (path) => isLines(path) || (isHermesLog(path) && basename(path) !== 'sessions.json'),
    passesOver: (path) => extname(path) === '.json',
    index: { name: 'sessions.json', add: addHermesIndex },
    read: (content, stem, index) =>
      'value' in content ? readHermesLog(content.value, stem) : readHermesTranscript(content.records, stem, index),
  },
  pi_coding_agent: { handles: isLines, read: (content) => readPiSession(recordsOf(content)) },
}

function isHermesLog(path: string): boolean {
  return extname(path) === '.json' && basename(path).startsWith('session_')
}

function valueOf(content: Content): unknown {
  return 'value' in content ? content.value : content.records
}

function recordsOf(content: Content): readonly Json[] {
  return 'records' in content ? content.records : []
}

/** The sessions of a folder. */
export interface FoundRollouts {
  /** Sessions and index files. */
  readonly files: readonly SeedFile[]
  /** Rows file by file, as long as the folder does not change. What was left out is told to `note`. Throws `SEED_DATA_UNREADABLE`. */
  read(note: (message: string) => void): AsyncGenerator<readonly SeedRow[]>
}

/** Finds the sessions of a source. Throws `SEED_DATA_UNREADABLE` when there is no file of the pattern. */
export async function findRollouts(source: AgentRolloutSource, place: SeedPlace): Promise<FoundRollouts> {
  const { format, recursive } = source
  const defaults = ROLLOUT_DEFAULTS[format]
  const path = source.path ?? defaults.path ?? ''
  const reader = READERS[format]
  const folder = { seed_type: 'directory', path, file_pattern: source.file_pattern ?? defaults.pattern, recursive } as const
  const { root, relativePaths } = await findDirectoryFiles(folder, place)
  const handled = relativePaths.filter((relative) => reader.handles(relative))
  const strange = relativePaths.filter((relative) => !reader.handles(relative) && reader.passesOver?.(relative) !== true)
  const indexes = reader.index === undefined ? [] : await findIndexes(await firstThere(path, place), reader.index.name, recursive)
  const files: SeedFile[] = []
  for (const file of [...handled.map((relative) => join(root, relative)), ...indexes]) files.push(await statFile(file))
  return {
    files,
    async *read(note): AsyncGenerator<readonly SeedRow[]> {
      for (const relative of strange) note(`${relative} is no session of ${format} by its name`)
      const index = await readIndexes(reader, indexes, note)
      for (const relative of handled) {
        const file = join(root, relative)
        try {
          const content = await readContent(file)
          if ('records' in content && content.records.length === 0) throw new MalformedRollout('it is empty')
          yield [rowOf(reader.read(content, basename(relative, extname(relative)), index), format, file)]
        } catch (error) {
          if (!(error instanceof MalformedRollout)) throw error
          note(`${relative}: ${error.message}`)
        }
      }
    },
  }
}

async function findIndexes(root: string, name: string, recursive: boolean): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true, recursive })
  const found = entries.filter((entry) => entry.isFile() && entry.name === name).map((entry) => join(entry.parentPath, entry.name))
  // Folder by folder, as Python sorts paths.
  return found.toSorted((one, other) => byCodePoint(one.replaceAll(/[/\\]/g, '\0'), other.replaceAll(/[/\\]/g, '\0')))
}

async function readIndexes({ index: kind }: FormatReader, files: readonly string[], note: (message: string) => void): Promise<Index> {
  const index = new Map<string, Json>()
  for (const file of files) {
    try {
      kind!.add(index, valueOf(await readContent(file)))
    } catch (error) {
      if (!(error instanceof MalformedRollout)) throw error
      note(`${file}: ${error.message}`)
    }
  }
  return index
}

/** A file's content. Throws `MalformedRollout` for what is no text or no JSON, `SEED_DATA_UNREADABLE` for a fault of the disk. */
async function readContent(path: string): Promise<Content> {
  const hash = createHash('sha256')
  try {
    return isLines(path) ? { records: await readRecords(path, hash) } : { value: parse(await wholeText(path, hash), 'it') }
  } catch (error) {
    const isDisk = isParquetryError(error) && (error.cause as NodeJS.ErrnoException | undefined)?.code?.startsWith('E') === true
    if (!isParquetryError(error) || isDisk) throw error
    throw new MalformedRollout(error.message)
  }
}

async function wholeText(path: string, hash: Hash): Promise<string> {
  let text = ''
  for await (const piece of readText(path, hash)) text += piece
  return text
}

async function readRecords(path: string, hash: Hash): Promise<readonly Json[]> {
  const records: Json[] = []
  let rest = ''
  let line = 0
  const take = (text: string): void => {
    line += 1
    if (text.trim() === '') return
    const value = parse(text, `line ${line}`)
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new MalformedRollout(`expected a JSON object in line ${line}`)
    records.push(value as Json)
  }
  for await (const piece of readText(path, hash)) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop()!
    lines.forEach(take)
  }
  take(rest)
  return records
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new MalformedRollout(`expected JSON in ${what}`)
  }
}
