/** The composition root of a preview: models, and nothing else of a worker. */
import { homedir } from 'node:os'
import { createHomeKeys } from '../config/home-keys.ts'
import { createModels } from '../model/models.ts'
import { previewDataset } from '../dataset/row-group/preview.ts'
import type { Preview, PreviewOptions } from '../dataset/row-group/preview.ts'
import { createRehearsal } from './rehearsal.ts'

/** As `previewDataset`, with models whose keys come from `env`. */
export async function previewInMemory(
  options: Omit<PreviewOptions, 'models'> & { readonly env: Readonly<Record<string, string | undefined>> },
): Promise<Preview> {
  const { env, ...rest } = options
  const rehearsal = createRehearsal({})
  const models = createModels({ env, rehearsal, resolveKey: createHomeKeys(env, env['HOME'] ?? homedir()) })
  try {
    return await previewDataset({ ...rest, models })
  } finally {
    await models.close()
    await rehearsal.close()
  }
}
