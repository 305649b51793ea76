/** Parts of the sources as they are shipped: compiled by our build settings, so that their threads run JavaScript. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A compiled folder of `src`. */
export interface CompiledFolder {
  /** The exports of one of its modules, named without extension. */
  load<Exports>(module: string): Promise<Exports>
  remove(): Promise<void>
}

/** Compiles `src/<folder>` with what it imports, which takes a second or two. */
export async function compileFolder(folder: string): Promise<CompiledFolder> {
  const cache = join(root, 'node_modules', '.cache')
  await mkdir(cache, { recursive: true })
  const place = await mkdtemp(join(cache, `parquetry-${folder}-`))
  const settings = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: {
      outDir: place,
      rootDir: root,
      declaration: false,
      sourceMap: false,
      typeRoots: [join(root, 'node_modules', '@types')],
    },
    include: [join(root, 'src', folder)],
  }
  await writeFile(join(place, 'package.json'), '{"type":"module"}')
  await writeFile(join(place, 'tsconfig.json'), JSON.stringify(settings))
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  await promisify(execFile)(process.execPath, [compiler, '-p', join(place, 'tsconfig.json')])
  return {
    load: async <Exports>(module: string) =>
      (await import(/* @vite-ignore */ pathToFileURL(join(place, 'src', folder, `${module}.js`)).href)) as Exports,
    remove: () => rm(place, { recursive: true, force: true }),
  }
}
