import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CompositeHandle } from '../../src/client/composite-handle.ts'
import type { CompositeInput } from '../../src/composite/compile-composite.ts'
import type { CreateCompositeOptions } from '../../src/client/start-composite.ts'
import type { CompositeResult } from '../../src/composite-contract.ts'
import type { Workshop } from '../helpers/datasets.ts'
import { openWorkshop, QUICK_RUN, rowsOf } from '../helpers/datasets.ts'

const example = fileURLToPath(new URL('../../examples/exam.yaml', import.meta.url))

let workshop: Workshop
beforeAll(async () => {
  workshop = await openWorkshop()
})
afterAll(async () => {
  await workshop?.close()
})

async function start(input: CompositeInput, options: CreateCompositeOptions = {}): Promise<CompositeHandle> {
  const { artifactPath } = workshop
  return await workshop.client.createComposite(input, { artifactPath, taskQueue: 'own', run: QUICK_RUN, ...options })
}

async function make(input: CompositeInput, options: CreateCompositeOptions = {}): Promise<CompositeResult> {
  const run = await start(input, options)
  return await workshop.withWorker(run, () => run.result())
}

describe('a composite', () => {
  it('makes its stages one after the other, each from the rows of the one before', { timeout: 60_000 }, async () => {
    const result = await make(example, { provider: 'rehearsal' })
    console.log(JSON.stringify(result, null, 1))
    console.log(await readdir(result.location))
    console.log(await readFile(join(result.location, 'workflow-metadata.json'), 'utf8'))
    const again = await make(example, { provider: 'rehearsal' })
    console.log(JSON.stringify(again.stages, null, 1))
    expect(await rowsOf(join(result.location, 'stage-2-answers'))).toEqual([])
  })
})
