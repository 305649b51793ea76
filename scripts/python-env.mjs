#!/usr/bin/env node
/**
 * Makes the Python environment that reads our parquet files in tests (pyarrow, duckdb, pandas, polars, Hugging Face's datasets) and emulates a terminal (pyte), and prints its interpreter's path.
 *
 * Idempotent: a finished environment of the same versions is used as it is. Where `venv` is not available the packages go to a
 * folder of their own, and the interpreter printed is a small script that starts the system's Python with that folder on its path.
 * Set PARQUETRY_TEST_PYTHON to use another interpreter in the tests; PYTHON chooses the one this starts from (default `python3`).
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Chosen so that wheels exist for CPython 3.10 to 3.14. */
const PACKAGES = [
  'pyarrow==22.0.0',
  'duckdb==1.4.1',
  'pandas==2.3.3',
  'polars==1.35.2',
  'datasets==4.4.1',
  'huggingface_hub==1.33.0',
  'pyte==0.8.2',
]

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'node_modules', '.cache', 'parquetry-python')
const marker = join(folder, 'installed.txt')
const windows = process.platform === 'win32'
const interpreter = windows ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python')
const wanted = `${PACKAGES.join('\n')}\n`

/** Runs a command with its output on standard error; true when it ended well. */
function runs(command, args) {
  const result = spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  return result.error === undefined && result.status === 0
}

function isFinished() {
  return existsSync(marker) && readFileSync(marker, 'utf8') === wanted && existsSync(interpreter)
}

/** A virtual environment with pip; false where Python was built without venv or ensurepip. */
function installInVenv(python) {
  return runs(python, ['-m', 'venv', folder]) && runs(interpreter, ['-m', 'pip', 'install', '--quiet', ...PACKAGES])
}

/** The packages in a folder of their own, and a script that puts it on the path of the system's Python. */
function installInFolder(python) {
  if (windows) return false
  const packages = join(folder, 'packages')
  mkdirSync(join(folder, 'bin'), { recursive: true })
  if (!runs(python, ['-m', 'pip', 'install', '--quiet', '--target', packages, ...PACKAGES])) return false
  rmSync(interpreter, { force: true })
  writeFileSync(interpreter, `#!/bin/sh\nPYTHONPATH="$(dirname "$0")/../packages" exec "${python}" "$@"\n`)
  chmodSync(interpreter, 0o755)
  return true
}

function main() {
  const python = process.env.PYTHON ?? (windows ? 'python' : 'python3')
  if (!isFinished()) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    let installed = installInVenv(python)
    if (!installed) {
      process.stderr.write('No virtual environment; installing into a folder instead.\n')
      rmSync(folder, { recursive: true, force: true })
      installed = installInFolder(python)
    }
    if (!installed || !runs(interpreter, ['-c', 'import pyarrow, duckdb, pandas, polars, datasets, pyte'])) {
      process.stderr.write(`Could not install ${PACKAGES.join(', ')} with ${python}: Python 3.10 to 3.14 with pip is expected.\n`)
      process.exitCode = 1
      return
    }
    writeFileSync(marker, wanted)
  }
  process.stdout.write(`${interpreter}\n`)
}

main()
