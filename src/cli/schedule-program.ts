/** The command `schedule` and its options. */
import { Option } from 'commander'
import type { Command } from 'commander'
import type { ScheduleFlags } from './commands/schedule.ts'
import type { CommonOptions } from './control-program.ts'
import { parseCount, parseDuration } from './options.ts'
import type { Run } from './program.ts'

const HELP = `
Examples:
  npx parquetry schedule examples/product-reviews.yaml --every 1d --extend 1000
  npx parquetry schedule examples/product-reviews.yaml --cron "0 6 * * MON-FRI" --extend 200 --first 2000
  npx parquetry schedule --list
  npx parquetry schedule product-reviews             its times, and what came of the last firing
  npx parquetry schedule product-reviews --now
  npx parquetry schedule product-reviews --delete

The first run begins at once. The config is fixed by that: firings read it from the dataset's folder.
A worker must run at these times (npx parquetry worker, or npx parquetry dev). A firing that finds a run
open adds nothing and says so; one that finds an unfinished dataset goes on with it first. Times of
--cron are UTC; CRON_TZ=Europe/Berlin before the five fields means others.

Exit codes: 0 done, 2 a mistake, or there is no such schedule, or one already, 6 no Temporal server could
be reached or started.`

/** Names of the options that say what is to be done with a schedule. */
const ACTIONS = ['list', 'pause', 'resume', 'now', 'delete'] as const

/** Adds it. */
export function addSchedule(
  program: Command,
  run: Run,
  { artifactPath, json, addConfigOptions }: CommonOptions & { readonly addConfigOptions: (command: Command) => Command },
): void {
  const action = (name: (typeof ACTIONS)[number], description: string): Option =>
    new Option(`--${name}`, description).conflicts(['every', 'cron', 'extend', 'first', ...ACTIONS.filter((other) => other !== name)])
  const command = program
    .command('schedule')
    .description('extend a dataset again and again, at set times')
    .argument('[config or dataset]', 'YAML or JSON file to begin with; else the dataset whose schedule is looked at or changed')
    .addOption(new Option('--every <duration>', 'time between two firings, e.g. 1d, 6h, 30m').argParser(parseDuration).conflicts('cron'))
    .option('--cron <expression>', 'times as in crontab, e.g. "0 6 * * *"')
    .addOption(new Option('--extend <n>', 'rows that each firing adds').argParser(parseCount))
    .addOption(new Option('--first <n>', 'rows of the first run, which begins at once (default: as --extend)').argParser(parseCount))
    .option('-d, --dataset-name <name>', "folder name (default: the config file's name)")
    .addOption(artifactPath())
    .addOption(new Option('--buffer-size <n>', 'rows per row group, that is, per file (default: 1000)').argParser(parseCount))
    .option('--seed <seed>', 'makes the same random values again (default: drawn once and recorded)')
    .addOption(action('list', 'all schedules of datasets'))
    .addOption(action('pause', 'no firing until --resume; an open run goes on'))
    .addOption(action('resume', 'fire again'))
    .addOption(action('now', 'fire now, besides'))
    .addOption(action('delete', 'end the schedule; the dataset stays, and an open run goes on'))
  addConfigOptions(command)
    .addOption(json())
    .addHelpText('after', HELP)
    .action((subject: string | undefined, flags: ScheduleFlags) =>
      run(flags, async (context) => (await import('./commands/schedule.ts')).schedule(subject, flags, context)),
    )
}
