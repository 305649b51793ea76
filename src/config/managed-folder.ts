/** Where DataDesigner keeps what it has downloaded. */
import { join, resolve } from 'node:path'
import type { Environment } from './secrets.ts'

/** The folder of managed assets: `$DATA_DESIGNER_MANAGED_ASSETS_PATH`, else `managed-assets` in DataDesigner's home. Absolute. */
export function managedFolderOf(env: Environment, homeFolder: string): string {
  const given = env['DATA_DESIGNER_MANAGED_ASSETS_PATH']
  if (given !== undefined && given !== '') return resolve(given)
  return resolve(join(env['DATA_DESIGNER_HOME'] || join(homeFolder, '.data-designer'), 'managed-assets'))
}
