// `npm run bench:quick`: two figures of the common benchmark spec, the server already up (see bench/README.md).
//   full      2,000 rows, 3 calls a row, 50 ms a call, 64-way, row groups of 100; ideal 4.69 s
//   samplers  100,000 rows without a model, row groups of 1,000
// Prints one JSON line a run: wall time of the whole command, CPU and peak memory of its process (worker included).
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const cli = join(here, '..', 'dist', 'src', 'cli', 'main.js')
const repetitions = Number(process.argv[2] ?? 3)
const LATENCY_MS = 50
const PARALLEL = 64

function command(args, env = {}) {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } })
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    child.on('error', reject)
    child.on('exit', (code) => resolve({ code, wallSeconds: (performance.now() - start) / 1_000, text }))
  })
}

async function measure(label, args, rows, ideal) {
  const folder = mkdtempSync(join(tmpdir(), 'parquetry-bench-'))
  try {
    const { code, wallSeconds, text } = await command([
      'create',
      ...args,
      '--json',
      '--artifact-path',
      folder,
      '--dataset-name',
      label,
      '--seed',
      '7',
    ])
    const events = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const result = events.find(({ event }) => event === 'result')
    const calls = result?.totals.usage.calls ?? 0
    const cpu = result?.process.cpuSeconds ?? Number.NaN
    console.log(
      JSON.stringify({
        label,
        code,
        rows: result?.totals.rowsWritten,
        wall_s: round(wallSeconds),
        rows_per_s: Math.round(rows / wallSeconds),
        cpu_s: round(cpu),
        ...(ideal === null
          ? {}
          : { ideal_s: round(ideal), ratio: round(wallSeconds / ideal), calls, cpu_ms_per_call: round((cpu * 1_000) / calls) }),
        rss_mb: Math.round(result?.process.maxRssMegabytes ?? Number.NaN),
      }),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const round = (value) => Math.round(value * 100) / 100

await command(['dev', '--detach'])
const stub = spawn(process.execPath, [join(here, 'model-stub.mjs'), '--port', '8701', '--latency-ms', String(LATENCY_MS)], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
await new Promise((resolve, reject) => {
  stub.stdout.once('data', resolve)
  stub.once('exit', () => reject(new Error('the model stub did not start; is port 8701 taken?')))
})
try {
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const rows = 2_000
    await measure(
      'full',
      [join(here, 'full.yaml'), '-n', String(rows), '--buffer-size', '100'],
      rows,
      (rows * 3 * LATENCY_MS) / 1_000 / PARALLEL,
    )
    await measure('samplers', [join(here, 'samplers.yaml'), '-n', '100000', '--buffer-size', '1000'], 100_000, null)
  }
} finally {
  stub.kill()
}
