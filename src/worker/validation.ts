/** The effects of validation columns in a worker. */
import { createCodeChecker } from '../checks/code-checker.ts'
import type { Validation } from '../dataset/row-group/cell-checks.ts'
import { createRemoteValidators } from '../model/remote-validators.ts'

/** Opens them; nothing is loaded or connected before a column needs it. `close` waits for checks that run. */
export function createValidation(env: Readonly<Record<string, string | undefined>>): Validation & { close(): Promise<void> } {
  const code = createCodeChecker()
  const validators = createRemoteValidators({ env })
  return {
    code,
    validators,
    async close() {
      await Promise.all([code.close(), validators.close()])
    },
  }
}
