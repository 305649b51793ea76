/** One tiny call per model before anything is started, so that a refused key or an absent endpoint costs nothing. */
import { homedir } from 'node:os'
import type { CompiledDataset } from '../config/compiled.ts'
import { createHomeKeys } from '../config/home-keys.ts'
import { createModels } from '../model/models.ts'
import { checkModel } from '../model/readiness.ts'
import { createRehearsal } from './rehearsal.ts'

/** Somebody is waiting for the answer: a second is enough to tell a hiccup from an endpoint that is not there. */
const CHECK_RETRIES = { maxRetries: 2 } as const

/**
 * Checks every used model that does not say `skip_health_check`; aliases of one provider and model share a call.
 * Throws the first `MODEL_*` error.
 */
export async function checkModels(compiled: CompiledDataset, env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const wanted = new Map(
    Object.values(compiled.models)
      .filter(({ skipHealthCheck, target }) => !skipHealthCheck && target.provider.type !== 'rehearsal')
      .map((model) => [`${model.target.provider.endpoint}\n${model.target.model}`, model.target]),
  )
  if (wanted.size === 0 || env['DATA_DESIGNER_SKIP_MODEL_HEALTH_CHECKS'] === '1') return
  const rehearsal = createRehearsal({})
  const models = createModels({ env, rehearsal, resolveKey: createHomeKeys(env, homedir()), retry: CHECK_RETRIES })
  try {
    await Promise.all([...wanted.values()].map((target) => checkModel(models.client(target), target)))
  } finally {
    await models.close()
    await rehearsal.close()
  }
}
