/** Code that a config names: a module of the user's, given with `--extensions`. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ParquetryWorkerOptions } from '../../worker/create-worker.ts'
import { ParquetryError } from '../../errors.ts'

/** What such a module exports; both are what `createWorker` takes. */
export type Extensions = Pick<ParquetryWorkerOptions, 'columnGenerators' | 'datasetProcessors'>

/** Flags of commands that run code of the user's. */
export interface ExtensionFlags {
  readonly extensions?: string
}

/** Loads the module; nothing where none is given. Throws `USAGE`. */
export async function loadExtensions({ extensions: path }: ExtensionFlags): Promise<Extensions> {
  if (path === undefined) return {}
  const wayOut = 'give a JavaScript module that exports columnGenerators, datasetProcessors or both'
  let module: Readonly<Record<string, unknown>>
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    throw new ParquetryError(
      'USAGE',
      `expected a module at ${path} (--extensions), found one that cannot be loaded: ${found}`,
      { wayOut },
      error,
    )
  }
  const { columnGenerators, datasetProcessors } = { ...(module['default'] as object | undefined), ...module } as Partial<
    Record<string, unknown>
  >
  if (columnGenerators === undefined && datasetProcessors === undefined) {
    throw new ParquetryError('USAGE', `expected ${path} (--extensions) to export columnGenerators or datasetProcessors, found neither`, {
      wayOut,
    })
  }
  const isMapping = columnGenerators === undefined || (typeof columnGenerators === 'object' && columnGenerators !== null)
  if (!isMapping || (datasetProcessors !== undefined && !Array.isArray(datasetProcessors))) {
    const message = `expected columnGenerators of ${path} to be generators by name, and datasetProcessors to be a list`
    throw new ParquetryError('USAGE', message, { wayOut })
  }
  return {
    ...(columnGenerators === undefined ? {} : { columnGenerators: columnGenerators as NonNullable<Extensions['columnGenerators']> }),
    ...(datasetProcessors === undefined ? {} : { datasetProcessors: datasetProcessors as NonNullable<Extensions['datasetProcessors']> }),
  }
}
