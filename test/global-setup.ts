/** vitest globalSetup: one Temporal dev server in memory for the whole run; tests take it by `sharedTestServer()` or `inject('temporalAddress')`. */

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
  }
}

let server: TestServer | null = null

/** Starts the server. A failure is handed to the tests that need a server, so that all others still run. */
export async function setup(project: TestProject): Promise<void> {
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
}
