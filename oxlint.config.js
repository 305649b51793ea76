import { defineConfig } from 'oxlint'

/**
 * The direction of flow: folder → folders it may import values from. Type imports are free.
 * Read from top to bottom: nothing imports upward. Run with `oxlint -c oxlint.config.js`.
 * A folder that is missing here may import nothing (test/import-rules.test.ts).
 */
const flow = {
  'src/index.ts': ['client', 'worker', 'config', 'errors'],
  'src/cli/**': ['client', 'worker', 'server', 'rehearsal', 'composite', 'dataset', 'config', 'plan', 'contract', 'errors'],
  'src/worker/**': [
    'server',
    'activities',
    'dataset',
    'storage',
    'model',
    'mcp',
    'rehearsal',
    'checks',
    'config',
    'parquet',
    'contract',
    'errors',
  ],
  'src/client/**': [
    'report',
    'server',
    'composite',
    'composite-contract',
    'schedule-contract',
    'seed',
    'hub',
    'dataset',
    'storage',
    'config',
    'parquet',
    'plan',
    'contract',
    'errors',
  ],
  'src/server/**': ['errors'],
  'workflows/**': ['plan', 'composite-contract', 'schedule-contract', 'contract', 'errors'],
  'activities/**': ['composite', 'dataset', 'config', 'plan', 'composite-contract', 'schedule-contract', 'contract', 'errors'],
  'src/composite/**': ['dataset', 'seed', 'config', 'plan', 'composite-contract', 'contract', 'errors'],
  'src/dataset/**': ['report', 'template', 'seed', 'columns', 'processors', 'parquet', 'config', 'random', 'plan', 'contract', 'errors'],
  'src/columns/**': ['template', 'random', 'plan', 'errors'],
  'src/processors/**': ['template', 'errors'],
  'src/parquet/**': ['errors'],
  'src/report/**': ['plan', 'contract', 'errors'],
  'src/model/**': ['errors'],
  'src/mcp/**': ['model', 'errors'],
  'src/rehearsal/**': ['random', 'errors'],
  'src/checks/**': ['plan', 'errors'],
  'src/storage/**': ['errors'],
  'src/config/**': ['plan', 'template', 'seed', 'errors'],
  'src/seed/**': ['hub', 'parquet', 'errors'],
  'src/hub/**': ['errors'],
  'src/plan/**': ['errors'],
  'src/template/**': ['errors'],
  'src/random/**': ['errors'],
  'src/composite-contract.ts': ['contract', 'errors'],
  'src/schedule-contract.ts': ['contract', 'errors'],
  'src/contract.ts': ['errors'],
  'src/values.ts': [],
  'src/errors.ts': [],
}

/** Code that also runs inside the workflow sandbox: no Node, no zod, no Temporal client or worker. */
const sandboxed = [
  'workflows/**',
  'src/plan/**',
  'src/composite-contract.ts',
  'src/schedule-contract.ts',
  'src/contract.ts',
  'src/errors.ts',
]
const outsideSandbox = ['node:*', 'zod', '@temporalio/*', '!@temporalio/workflow', '!@temporalio/common']

const files = ['errors', 'composite-contract', 'schedule-contract', 'contract', 'values']
/** Packages whose names look like folders of ours. */
const packages = ['!@modelcontextprotocol/**']
const glob = (unit) => (files.includes(unit) ? `**/${unit}.ts` : `**/${unit}/**`)
const units = Object.keys(flow)
  .map((path) => path.replace(/^src\/|\/\*\*$|\.ts$/g, ''))
  .filter((unit) => unit !== 'index')
/** Everything below src is denied unless the table allows it, so a folder missing from the table cannot be imported or import. */
const own = (path) => path.replace(/^src\/|\/\*\*$|\.ts$/g, '')

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc'],
  categories: { correctness: 'error' },
  ignorePatterns: ['dist/**', 'test/fixtures/**', 'node_modules/**'],
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/switch-exhaustiveness-check': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/explicit-module-boundary-types': 'error',
    'import/no-cycle': ['error', { ignoreTypes: true }],
    'unicorn/prefer-node-protocol': 'error',
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
  },
  overrides: [
    { files: ['test/**', 'bench/**', 'scripts/**', 'examples/**'], rules: { 'max-lines': 'off', 'max-lines-per-function': 'off' } },
    {
      files: ['src/**'],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                group: [...units.map(glob), ...packages],
                allowTypeImports: true,
                message: 'This folder is missing from the import table in oxlint.config.js.',
              },
            ],
          },
        ],
      },
    },
    ...Object.entries(flow).map(([path, allowed]) => ({
      files: [path],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                group: [...units.filter((unit) => unit !== own(path)).map(glob), ...allowed.map((unit) => `!${glob(unit)}`), ...packages],
                allowTypeImports: true,
                message: 'Against the direction of flow; see ARCHITECTURE.md.',
              },
              ...(sandboxed.includes(path)
                ? [{ group: outsideSandbox, allowTypeImports: true, message: 'This code runs in the workflow sandbox.' }]
                : []),
            ],
          },
        ],
      },
    })),
  ],
})
