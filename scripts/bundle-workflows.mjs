// Bundles the workflows once at build time, so that a worker starts in a third of a second instead of two.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleWorkflowCode } from '@temporalio/worker'
import { root } from './install.mjs'

const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error }
const { code } = await bundleWorkflowCode({
  workflowsPath: join(root, 'dist/workflows/index.js'),
  logger: quiet,
})
writeFileSync(join(root, 'dist/workflow-bundle.js'), code)
