/**
 * vitest globalSetup, for the whole run: one Temporal dev server in memory, taken by `sharedTestServer()` or `inject('temporalAddress')`,
 * and the workflows bundled once, taken by `inject('workflowBundle')`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import type { TestProject } from 'vitest/node'
import { startTestServer, type TestServer } from './helpers/temporal-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** `127.0.0.1:<port>`; empty if no server could be started. */
    temporalAddress: string
    temporalNamespace: string
    temporalUiUrl: string
    /** Why there is no server; empty if there is one. */
    temporalFailure: string
    /** Path of the bundled workflows. */
    workflowBundle: string
  }
}

let server: TestServer | null = null
let folder = ''

/** Starts the server. A failure is handed to the tests that need a server, so that all others still run. */
export async function setup(project: TestProject): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'parquetry-workflows-'))
  project.provide('workflowBundle', await bundleWorkflows(join(folder, 'workflow-bundle.js')))
  let failure = ''
  try {
    server = await startTestServer()
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error)
  }
  project.provide('temporalAddress', server?.address ?? '')
  project.provide('temporalNamespace', server?.namespace ?? '')
  project.provide('temporalUiUrl', server?.uiUrl ?? '')
  project.provide('temporalFailure', failure)
}

/** Ends the server. */
export async function teardown(): Promise<void> {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
}

/** Bundling costs over a second of CPU, which every worker of every test would pay. */
async function bundleWorkflows(path: string): Promise<string> {
  const workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url))
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') })
  await writeFile(path, code)
  return path
}
