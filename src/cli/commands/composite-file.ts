/** Telling a composite's file from a config, and loading it with the flags of the command. */
import { compileComposite } from '../../composite/compile-composite.ts'
import type { CompiledComposite } from '../../composite/compile-composite.ts'
import { isComposite } from '../../composite/read-composite.ts'
import { createPeopleCount, findManagedPeople } from '../../client/managed-people.ts'
import { loadConfigFile } from '../../config/load.ts'
import { isParquetryError, ParquetryError } from '../../errors.ts'
import type { CommandContext, ConfigFlags } from '../context.ts'
import { commandLine } from '../shell.ts'

/** True for a file with `stages`. One that cannot be read is left to the command, which says why. */
export async function isCompositeFile(file: string): Promise<boolean> {
  try {
    return isComposite((await loadConfigFile(file)).value)
  } catch (error) {
    if (isParquetryError(error)) return false
    throw error
  }
}

/** Reads and compiles all stages; warnings are said. Throws `CONFIG_*` with the problems of all stages at once. */
export async function loadComposite(
  file: string,
  flags: ConfigFlags & { readonly artifactPath: string; readonly datasetName?: string },
  { output, env }: CommandContext,
): Promise<CompiledComposite> {
  const composite = await compileComposite(file, {
    env,
    findPeople: findManagedPeople,
    openPeople: createPeopleCount(env, env['HOME']),
    artifactPath: flags.artifactPath,
    ...(flags.datasetName === undefined ? {} : { name: flags.datasetName }),
    ...(flags.personFallback === undefined ? {} : { personFallback: flags.personFallback }),
    ...(env['HOME'] === undefined ? {} : { homeFolder: env['HOME'] }),
    ...(flags.provider === undefined ? {} : { provider: flags.provider }),
    ...(flags.providers === undefined ? {} : { providersFile: flags.providers }),
    ...(flags.runConfig === undefined ? {} : { runConfigFile: flags.runConfig }),
  })
  for (const { path, message } of composite.warnings) {
    output.emit('warning', { path, message })
    if (!output.isJson) output.warn(`warning  ${path === '' ? '' : `${path}: `}${message}`)
  }
  return composite
}

/** Throws `USAGE` for a file with stages, which the command does not take. */
export async function refuseComposite(file: string, command: string): Promise<void> {
  if (!(await isCompositeFile(file))) return
  throw new ParquetryError(
    'USAGE',
    `expected a config to ${command}, found a composite: its later stages begin with rows that must be made first`,
    {
      wayOut: `${commandLine('validate', file)}   checks all stages\n${commandLine('create', file, '--provider', 'rehearsal', '-d', 'rehearsal')}   makes them without a real model, nothing billed`,
    },
  )
}
