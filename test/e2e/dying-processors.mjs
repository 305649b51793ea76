/**
 * Processors for a worker process that kills itself with SIGKILL at the moment that KILL_AT names: `in-processor`, `before-swap`
 * (the link is made, and about to be renamed), or `after-swap` (it has just been renamed).
 */
import { appendFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const { KILL_AT: killAt, RAN_FILE: ranFile } = process.env

function dieAt(moment) {
  if (moment === killAt) process.kill(process.pid, 'SIGKILL')
}

const { rename } = fs
fs.rename = async (from, to) => {
  const isSwap = String(to).endsWith('/processors-files/counting')
  if (isSwap) dieAt('before-swap')
  await rename(from, to)
  if (isSwap) dieAt('after-swap')
}
syncBuiltinESMExports()

export const datasetProcessors = [
  {
    name: 'counting',
    async *process(tables) {
      appendFileSync(ranFile, 'ran\n')
      let rows = 0
      for await (const table of tables) {
        rows += table.rowCount
        yield { name: `parts/${rows}.txt`, bytes: new TextEncoder().encode(String(table.rowCount)) }
      }
      dieAt('in-processor')
      yield { name: 'count.txt', bytes: new TextEncoder().encode(String(rows)) }
    },
  },
]
