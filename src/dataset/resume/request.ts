/** What the client stages in the folder for `prepareDataset`: the config and what was asked for explicitly. No secret. */
import type { Storage } from '../../storage/storage.ts'
import { keys } from '../layout.ts'

/** A staged request. */
export interface StagedRequest {
  readonly request_id: string
  /** Config fingerprint `sha256:<hex>`. */
  readonly fingerprint: string
  /** Content of `builder_config.json`. */
  readonly builder_config: object
  /** Content of `parquetry.json`. */
  readonly parquetry: object
  readonly dataset_name: string
  /** Explicitly given settings; null where nothing was given. */
  readonly num_records: number | null
  readonly buffer_size: number | null
  readonly seed: string | null
}

/** Stages a request; safe to repeat. */
export async function stageRequest(storage: Storage, request: StagedRequest): Promise<void> {
  await storage.writeAtomic(keys.request(request.request_id), `${JSON.stringify(request, null, 2)}\n`)
}

/** Reads a staged request; null when it was taken already, or never made. */
export async function readRequest(storage: Storage, requestId: string): Promise<StagedRequest | null> {
  const bytes = await storage.read(keys.request(requestId))
  return bytes === null ? null : (JSON.parse(new TextDecoder().decode(bytes)) as StagedRequest)
}

/** Removes a request that was taken, or that no run will take. */
export async function removeRequest(storage: Storage, requestId: string): Promise<void> {
  await storage.remove(keys.request(requestId))
}
