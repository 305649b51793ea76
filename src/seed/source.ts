/** Where the rows of a seed dataset come from, and what is known of them once they were read. */
import type { Schema, Value } from '../values.ts'

/** A source as the config names it, with DataDesigner's field names; defaults filled in. */
export type SeedSource =
  | { readonly seed_type: 'local'; readonly path: string }
  /** `token` is the name of an environment variable, never the token. */
  | { readonly seed_type: 'hf'; readonly path: string; readonly token: string | null; readonly endpoint: string }
  | { readonly seed_type: 'directory'; readonly path: string; readonly file_pattern: string; readonly recursive: boolean }
  | {
      readonly seed_type: 'file_contents'
      readonly path: string
      readonly file_pattern: string
      readonly recursive: boolean
      /** A codec by Python's name or the web's. */
      readonly encoding: string
    }
  | {
      readonly seed_type: 'agent_rollout'
      readonly format: 'atif' | 'claude_code' | 'codex' | 'hermes_agent' | 'pi_coding_agent'
      /** Null: where the agent keeps its sessions. */
      readonly path: string | null
      /** Null: as the format's files are called. */
      readonly file_pattern: string | null
      readonly recursive: boolean
    }

/** A file as it was when it was read. */
export interface SeedFile {
  /** Absolute. */
  readonly path: string
  readonly sizeBytes: number
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number
}

/** What one streaming pass over a source finds out. */
export interface SeedFacts {
  /** The columns; a function of the data alone, never of how it is cut into files. */
  readonly schema: Schema
  readonly rowCount: number
  /** `sha256:<hex>` of the content: the same for a file that was moved, another for one that was changed. */
  readonly contentHash: string
  /** In the order of their rows. */
  readonly files: readonly SeedFile[]
  /** What a person should know of how values were read. */
  readonly notes: readonly string[]
}

/** One row, in the order of the schema. */
export type SeedRow = readonly Value[]

/** Where paths are taken from, and what a download may use. */
export interface SeedPlace {
  /** Folders that a relative path is taken from: the first one in which it leads somewhere. */
  readonly folders: readonly string[]
  /** Home folder, for `~`. */
  readonly homeFolder: string
  /** Environment that tokens are read from, late. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder for what is downloaded. */
  readonly cacheFolder: string
}
