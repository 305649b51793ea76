/** One tiny call per model before anything is started, so that a refused key or an absent endpoint costs nothing. */
import { homedir } from 'node:os'
import type { CompiledDataset, CompiledModel } from '../config/compiled.ts'
import { createHomeKeys } from '../config/home-keys.ts'
import type { Wanted } from '../model/client.ts'
import { createModels } from '../model/models.ts'
import { checkModel } from '../model/readiness.ts'
import { createRehearsal } from './rehearsal.ts'

/** Somebody is waiting for the answer: a second is enough to tell a hiccup from an endpoint that is not there. */
const CHECK_RETRIES = { maxRetries: 2 } as const

/**
 * Checks every used model that does not say `skip_health_check`; aliases of one provider and model share a call. A model that fails
 * while one of its fallbacks is there stops nothing: the answer says so, a line for each. Throws the first `MODEL_*` error of the others.
 */
export async function checkModels(
  compiled: CompiledDataset,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const wanted = Object.values(compiled.models).filter(
    ({ skipHealthCheck, target }) => !skipHealthCheck && target.provider.type !== 'rehearsal',
  )
  if (wanted.length === 0 || env['DATA_DESIGNER_SKIP_MODEL_HEALTH_CHECKS'] === '1') return []
  const rehearsal = createRehearsal({})
  const models = createModels({ env, rehearsal, resolveKey: createHomeKeys(env, homedir()), retry: CHECK_RETRIES })
  try {
    const checks = new Map<string, Promise<unknown>>()
    const failures = new Map<string, unknown>()
    for (const { target, generation } of wanted) {
      const key = JSON.stringify([target.provider.endpoint, target.provider.apiKeyEnv, target.model, generation])
      const check = checks.get(key) ?? checkModel(models.client(target), target, undefined, wantedOf(generation))
      checks.set(key, check)
      check.catch((error: unknown) => failures.set(target.alias, error))
    }
    await Promise.allSettled(checks.values())
    return settle(compiled, failures)
  } finally {
    await models.close()
    await rehearsal.close()
  }
}

function wantedOf(generation: CompiledModel['generation']): Wanted | undefined {
  if (generation === undefined) return undefined
  if (generation.kind === 'image') return { kind: 'images', route: generation.route }
  return { kind: 'embeddings', texts: [], encodingFormat: generation.encodingFormat, dimensions: generation.dimensions }
}

/** What is said of models that are not there; throws when nobody stands in for one that a column asks. */
function settle({ columns, models }: CompiledDataset, failures: ReadonlyMap<string, unknown>): readonly string[] {
  const asked = new Set(columns.flatMap((column) => ('model_alias' in column ? [column.model_alias] : [])))
  return [...failures].map(([alias, error]) => {
    const standIn = models[alias]?.fallbacks?.find((fallback) => !failures.has(fallback))
    if (asked.has(alias) && standIn === undefined) throw error
    const message = error instanceof Error ? error.message : String(error)
    return standIn === undefined ? `the fallback "${alias}" is not there: ${message}` : `${message} "${standIn}" stands in for it.`
  })
}
