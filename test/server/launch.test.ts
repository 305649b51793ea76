import { describe, expect, it } from 'vitest'
import { serverArguments } from '../../src/server/launch.ts'

const kept = { namespace: 'default', databaseFile: '/cache/server/temporal.db' }

describe('the arguments of the dev server', () => {
  it('keep the database in a file, with the faster pragmas where the CLI takes them', () => {
    expect(serverArguments(kept, 7000, 8000, true).join(' ')).toBe(
      'server start-dev --ip 127.0.0.1 --port 7000 --ui-port 8000 --namespace default --log-level warn ' +
        '--dynamic-config-value history.timerProcessorMaxTimeShift="100ms" --db-filename /cache/server/temporal.db --sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=normal',
    )
    expect(serverArguments(kept, 7000, 8000, false)).not.toContain('--sqlite-pragma')
  })

  it('name no file and no pragma for a server in memory, and end with further arguments', () => {
    const args = serverArguments({ namespace: 'x', databaseFile: null, extraArguments: ['--headless'] }, 1, 2, true)
    expect(args.slice(0, 12).join(' ')).toBe('server start-dev --ip 127.0.0.1 --port 1 --ui-port 2 --namespace x --log-level warn')
    expect(args.at(-1)).toBe('--headless')
    expect(args.join(' ')).not.toMatch(/--db-filename|--sqlite-pragma/)
  })
})
