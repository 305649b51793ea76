/** `validate`: everything that is wrong with a config, at once, without starting anything. */
import type { CompiledDataset, CompiledModel } from '../../config/compiled.ts'
import { asksModel } from '../../config/model-columns.ts'
import type { CommandContext, ConfigFlags } from '../context.ts'
import { count } from '../format.ts'
import { isCompositeFile, loadComposite } from './composite-file.ts'
import { loadConfig } from './load-config.ts'

/** Runs the command; answers its exit code. Problems are thrown as `CONFIG_INVALID`. */
export async function validate(config: string, flags: ConfigFlags, context: CommandContext): Promise<number> {
  const { output, env } = context
  if (await isCompositeFile(config)) return await validateComposite(config, flags, context)
  const { compiled, warnings } = await loadConfig(config, flags, context)
  const callsPerRow = callsPerRowOf(compiled)
  const kinds = kindsOf(compiled)
  const asksBeside = Object.values(compiled.generators).some(({ models }) => models.length > 0)
  const skips = compiled.columns.some((column) => asksModel(column) && column.skip !== null)
  output.emit('valid', {
    config,
    fingerprint: compiled.fingerprint.hash,
    columns: compiled.columns.map(({ name, column_type }) => ({ name, column_type })),
    callsPerRow,
    models: Object.entries(compiled.models).map(([alias, model]) => ({
      alias,
      model: model.target.model,
      provider: model.target.provider.name,
      endpoint: model.target.provider.endpoint,
    })),
    warnings,
  })
  output.say(
    `${config} is fine${warnings.length === 0 ? '' : `, with ${warnings.length} ${warnings.length === 1 ? 'warning' : 'warnings'}`}`,
  )
  output.say(`columns  ${compiled.columns.length}: ${[...kinds].map(([kind, number]) => `${number} ${kind}`).join(', ')}`)
  output.say(`rows     ${compiled.schema.map(({ name }) => name).join(', ')}`)
  output.say(
    `calls    ${callsPerRow === 0 && !asksBeside ? 'none' : `${count(callsPerRow)} a row, ${asksBeside ? 'those of custom columns beside, ' : ''}${skips ? 'fewer where cells are skipped, ' : ''}more where an answer does not fit`}`,
  )
  for (const [alias, model] of Object.entries(compiled.models)) output.say(`model    ${modelText(alias, model, env)}`)
  return 0
}

/** All stages at once, each with the columns that the stage before it will have. */
async function validateComposite(file: string, flags: ConfigFlags, context: CommandContext): Promise<number> {
  const { output, env } = context
  const { stages, warnings, fingerprint } = await loadComposite(file, { ...flags, artifactPath: 'artifacts' }, context)
  output.emit('valid', {
    config: file,
    fingerprint,
    stages: stages.map(({ name, prepared: { compiled }, expectedRecords, output: given }) => ({
      name,
      fingerprint: compiled.fingerprint.hash,
      columns: compiled.columns.map(({ name: column, column_type }) => ({ name: column, column_type })),
      callsPerRow: callsPerRowOf(compiled),
      numRecords: expectedRecords,
      output: given,
    })),
    warnings,
  })
  output.say(`${file} is fine: ${count(stages.length)} ${stages.length === 1 ? 'stage' : 'stages'}`)
  for (const { name, upstream, prepared, expectedRecords, output: given, index } of stages) {
    const { compiled } = prepared
    const from = stages.find((stage) => stage.index === upstream)
    const rows = expectedRecords === null ? 'as many rows as are left before it' : `${count(expectedRecords)} rows`
    output.say(
      `stage ${index}  ${name}: ${rows}${from === undefined ? '' : ` from ${from.name} (${from.output})`}, ${callsText(callsPerRowOf(compiled))}${given === 'final' ? '' : `, gives on ${given}`}`,
    )
    output.say(`         ${compiled.schema.map(({ name: column }) => column).join(', ')}`)
  }
  const models = new Map(stages.flatMap(({ prepared }) => Object.entries(prepared.compiled.models)))
  for (const [alias, model] of models) output.say(`model    ${modelText(alias, model, env)}`)
  return 0
}

function callsText(calls: number): string {
  return calls === 0 ? 'no calls' : `${count(calls)} ${calls === 1 ? 'call' : 'calls'} a row`
}

/** Model calls of one row when every answer fits at once. */
export function callsPerRowOf(compiled: CompiledDataset): number {
  return compiled.columns.filter((column) => asksModel(column)).length
}

function kindsOf(compiled: CompiledDataset): ReadonlyMap<string, number> {
  const kinds = new Map<string, number>()
  for (const { column_type: kind } of compiled.columns) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  return kinds
}

function modelText(alias: string, { target, price }: CompiledModel, env: CommandContext['env']): string {
  const { provider, model } = target
  const key =
    provider.apiKeyEnv === null
      ? 'needs no key'
      : `key in ${provider.apiKeyEnv}${(env[provider.apiKeyEnv] ?? '') === '' ? ' (not set here)' : ''}`
  const where = provider.type === 'rehearsal' ? 'REHEARSAL, no real model' : `${provider.endpoint}, ${key}`
  const cost =
    price === null ? 'no price given' : `${price.inputPerMillion} in, ${price.outputPerMillion} out ${price.currency} per million tokens`
  return `${alias}: ${model} at ${provider.name} (${where}), ${target.maxParallelRequests} calls at once, ${cost}`
}
