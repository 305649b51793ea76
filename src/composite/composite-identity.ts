/** `composite.json`: what a composite's folder is. */
import { tryReadJson } from '../dataset/stored-files.ts'
import type { Storage } from '../storage/storage.ts'
import { compositeKeys } from './layout.ts'

/** Content of `composite.json`. */
export interface CompositeIdentity {
  readonly composite_id: string
  readonly name: string
  /** ISO 8601, UTC. */
  readonly created_at: string
}

/** Reads it; null when there is none or it is unreadable. */
export async function readCompositeIdentity(storage: Storage): Promise<CompositeIdentity | null> {
  const value = await tryReadJson(storage, compositeKeys.identity)
  if (typeof value !== 'object') return null
  const { composite_id: id } = value as Partial<CompositeIdentity>
  return typeof id === 'string' && id !== '' ? (value as CompositeIdentity) : null
}
