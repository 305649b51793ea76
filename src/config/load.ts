/** The only readers of files in this folder: configs, settings files, and the files in home folders. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isParquetryError, ParquetryError } from '../errors.ts'
import { parseText } from './parse-text.ts'
import type { Environment } from './secrets.ts'
import type { LoadedFile, ParsedConfig } from './sources.ts'

/**
 * Reads a config file, YAML or JSON by content. Throws `CONFIG_NOT_FOUND`, `CONFIG_UNREADABLE` (with line and column), and
 * `CONFIG_NOT_YET` for addresses and Python files, which DataDesigner reads.
 */
export async function loadConfigFile(path: string): Promise<ParsedConfig> {
  if (/^https?:\/\//i.test(path)) {
    throw new ParquetryError(
      'CONFIG_NOT_YET',
      'expected a config file on this machine, found an address; configs from the web are not supported yet',
      {
        wayOut: 'download it first, look at it, and give the file',
      },
    )
  }
  if (/\.py$/i.test(path)) {
    throw new ParquetryError('CONFIG_NOT_YET', `expected a YAML or JSON config, found the Python file ${path}`, {
      wayOut: 'write it out with config_builder.write_config("config.yaml") and give that file',
    })
  }
  return { value: parseText(await readText(path), path), source: path, provider: null }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR'
    const found = isMissing ? 'no such file' : code === 'EISDIR' ? 'a folder' : `a file that cannot be read (${code})`
    throw new ParquetryError(isMissing ? 'CONFIG_NOT_FOUND' : 'CONFIG_UNREADABLE', `expected a config file at ${path}, found ${found}`, {
      wayOut: isMissing ? 'check the path; it is taken from the folder you are in' : 'give a file that this user may read',
    })
  }
}

/** Reads a settings file given on the command line (`--providers`, `-c`). Throws as `loadConfigFile`. */
export async function loadSettingsFile(path: string): Promise<LoadedFile> {
  return { path, value: parseText(await readText(path), path) }
}

/** What the home folders hold. */
export interface HomeFiles {
  readonly homeProviders: readonly LoadedFile[]
  readonly homeModels: LoadedFile | null
  readonly homeMcpProviders: readonly LoadedFile[]
  readonly homeTools: LoadedFile | null
}

/**
 * Reads `model_providers.yaml`, `model_configs.yaml`, `mcp_providers.yaml` and `tool_configs.yaml` from `$PARQUETRY_HOME` and from DataDesigner's home (`$DATA_DESIGNER_HOME`,
 * default `~/.data-designer`), where they exist. Never throws: a file that cannot be read says so when it is used.
 */
export async function loadHomeFiles(env: Environment, homeFolder: string): Promise<HomeFiles> {
  const folders = [env['PARQUETRY_HOME'], env['DATA_DESIGNER_HOME'] || join(homeFolder, '.data-designer')].filter(
    (folder) => folder !== undefined && folder !== '',
  )
  const read = async (name: string): Promise<readonly LoadedFile[]> => {
    const files = await Promise.all(folders.map((folder) => loadIfThere(join(folder!, name))))
    return files.filter((file) => file !== null)
  }
  const [homeProviders, homeModels, homeMcpProviders, homeTools] = await Promise.all([
    read('model_providers.yaml'),
    read('model_configs.yaml'),
    read('mcp_providers.yaml'),
    read('tool_configs.yaml'),
  ])
  return { homeProviders, homeModels: homeModels[0] ?? null, homeMcpProviders, homeTools: homeTools[0] ?? null }
}

async function loadIfThere(path: string): Promise<LoadedFile | null> {
  try {
    return await loadSettingsFile(path)
  } catch (error) {
    if (!isParquetryError(error)) throw error
    return error.code === 'CONFIG_NOT_FOUND' ? null : { path, problem: error.message }
  }
}
