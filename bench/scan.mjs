// `npm run bench:scan`: how long it takes to see what a folder of 10,000 committed row groups holds (see bench/README.md).
//   --row-groups N   (10000)   --page N   row groups a page, as the workflow scans (4000)   --repeat N   (3)   --max-ms N   (3000)
// The files are real ones, each with a receipt of its own, made by another process, so that the memory is that of scanning alone; they
// are still in the page cache. Exits with 1 when a scan takes longer than the limit or finds something else than what was made.
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { keys } from '../dist/src/dataset/layout.js'
import { readReceipt } from '../dist/src/dataset/read-receipt.js'
import { RECEIPT_VERSION } from '../dist/src/dataset/receipt.js'
import { scanDataset } from '../dist/src/dataset/scan/scan.js'
import { encodeTable } from '../dist/src/parquet/encode-table.js'
import { planSegments, rowGroupsOf } from '../dist/src/plan/row-groups.js'
import { openStorage } from '../dist/src/storage/open.js'

const { values: given } = parseArgs({
  options: {
    'row-groups': { type: 'string', default: '10000' },
    page: { type: 'string', default: '4000' },
    repeat: { type: 'string', default: '3' },
    'max-ms': { type: 'string', default: '3000' },
    make: { type: 'string' },
  },
})
const total = Number(given['row-groups'])
const pageSize = Number(given.page)
const ROWS = 10
const segments = planSegments(total * ROWS, ROWS)
const identity = { datasetId: '6f1c6c3e-0000-4000-8000-000000000000', fingerprint: `sha256:${'ab'.repeat(32)}` }

/** Twelve columns, about as many as in full.yaml. */
const schema = [
  ...['department', 'product', 'tone', 'order_id', 'label', 'review', 'reply'].map((name) => ({ name, type: { kind: 'string' } })),
  ...['price', 'age', 'weight'].map((name) => ({ name, type: { kind: 'double' } })),
  ...['stars', 'count'].map((name) => ({ name, type: { kind: 'int64' } })),
]

function valueOf({ name, type }, row) {
  if (type.kind === 'string') return `${name} of row ${row}`
  return type.kind === 'int64' ? BigInt(row) : row / 3
}

function receiptOf(rowGroup) {
  return {
    version: RECEIPT_VERSION,
    ...identity,
    generation: 0,
    rowGroup,
    rowsWanted: ROWS,
    rowsWritten: ROWS,
    dropped: [],
    refilled: [],
    usage: { calls: 3 * ROWS, inputTokens: 1_000, outputTokens: 2_000, cost: 0.01 },
    seed: '7',
    bufferSize: ROWS,
    targetNumRecords: total * ROWS,
    segments,
    sidecars: [],
    rehearsal: false,
    writtenBy: { runId: '6f1c6c3e-1111-4000-8000-000000000000', attempt: 1, at: '2026-01-01T00:00:00.000Z' },
  }
}

async function make(folder) {
  await mkdir(join(folder, keys.rowGroupsFolder), { recursive: true })
  for (const rowGroup of rowGroupsOf(segments, 0, total)) {
    const rows = Array.from({ length: ROWS }, (_, index) => rowGroup.start + index)
    const table = { rowCount: ROWS, columns: new Map(schema.map((field) => [field.name, rows.map((row) => valueOf(field, row))])) }
    await writeFile(join(folder, keys.rowGroup(rowGroup.id)), await encodeTable(schema, table, JSON.stringify(receiptOf(rowGroup))))
  }
}

async function scanAll(folder) {
  const storage = openStorage(folder)
  const found = { pagesMs: [], rowGroups: 0, rowsWritten: 0, calls: 0, findings: [] }
  for (let firstId = 0; firstId < total; firstId += pageSize) {
    const begun = performance.now()
    const { result } = await scanDataset(
      { storage, readReceipt: (key) => readReceipt(storage, key) },
      { firstId, endId: Math.min(total, firstId + pageSize), segments, ...identity, checkpointed: [] },
    )
    found.pagesMs.push(Math.round(performance.now() - begun))
    found.rowGroups += result.totals.rowGroups
    found.rowsWritten += result.totals.rowsWritten
    found.calls += result.totals.usage.calls
    found.findings.push(...result.findings)
  }
  return found
}

if (given.make !== undefined) {
  await make(given.make)
  process.exit(0)
}
const folder = await mkdtemp(join(tmpdir(), 'parquetry-scan-'))
let isViolated = false
try {
  const begun = performance.now()
  const made = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--make', folder, '--row-groups', String(total)], {
    stdio: 'inherit',
  })
  if (made.status !== 0) throw new Error('the files could not be made')
  console.log(`${total} row groups of ${ROWS} rows made in ${((performance.now() - begun) / 1_000).toFixed(1)} s`)
  for (let repetition = 0; repetition < Number(given.repeat); repetition += 1) {
    const cpu = process.cpuUsage()
    const start = performance.now()
    const { pagesMs, rowGroups, rowsWritten, calls, findings } = await scanAll(folder)
    const ms = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    const isWhole = rowGroups === total && rowsWritten === total * ROWS && calls === total * ROWS * 3 && findings.length === 0
    isViolated ||= ms > Number(given['max-ms']) || !isWhole
    console.log(
      JSON.stringify({
        row_groups: rowGroups,
        ms: Math.round(ms),
        pages_ms: pagesMs,
        cpu_ms: Math.round((user + system) / 1_000),
        peak_rss_mb: Math.round(process.resourceUsage().maxRSS / 1_024),
        ...(isWhole ? {} : { findings }),
      }),
    )
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exit(isViolated ? 1 : 0)
