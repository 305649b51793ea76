/** The composition root of a preview: models, and nothing else of a worker. */
import { homedir } from 'node:os'
import { createHomeKeys } from '../config/home-keys.ts'
import { createHomeToolSecrets } from '../config/home-tool-secrets.ts'
import { createToolServers } from '../mcp/tool-servers.ts'
import { createModels } from '../model/models.ts'
import { previewDataset } from '../dataset/row-group/preview.ts'
import type { Preview, PreviewOptions } from '../dataset/row-group/preview.ts'
import { createPeople } from './people.ts'
import { createRehearsal } from './rehearsal.ts'
import { createValidation } from './validation.ts'

/** As `previewDataset`, with models whose keys come from `env`. */
export async function previewInMemory(
  options: Omit<PreviewOptions, 'models' | 'toolServers'> & { readonly env: Readonly<Record<string, string | undefined>> },
): Promise<Preview> {
  const { env, ...rest } = options
  const rehearsal = createRehearsal({})
  const homeFolder = env['HOME'] ?? homedir()
  const validation = createValidation(env)
  const models = createModels({ env, rehearsal, resolveKey: createHomeKeys(env, homeFolder) })
  const toolServers = createToolServers({ env, readHomeSecrets: createHomeToolSecrets(env, homeFolder) })
  try {
    return await previewDataset({ openPeople: createPeople(env, homeFolder), validation, ...rest, models, toolServers })
  } finally {
    await Promise.all([models.close(), toolServers.close()])
    await validation.close()
    await rehearsal.close()
  }
}
