/** The commands that send a message to an open run; each brings its own module when it runs. */
import { Argument, Option } from 'commander'
import type { Command } from 'commander'
import type * as Controls from './commands/control.ts'
import type { BudgetFlags, ControlFlags, LimitsFlags } from './commands/control.ts'
import { parseBudget, parseCount, parseLimit, parseWindow } from './options.ts'
import type { Run } from './program.ts'

/** Options that every command has. */
export interface CommonOptions {
  readonly artifactPath: () => Option
  readonly json: () => Option
}

const EXIT_CODES = `
Exit codes: 0 the message was taken, 2 it was refused, with the reason, or no run is open,
6 no Temporal server could be reached.`

/** Adds them. */
export function addControls(program: Command, run: Run, { artifactPath, json }: CommonOptions): void {
  const load = async (): Promise<typeof Controls> => import('./commands/control.ts')
  const add = (name: string, description: string): Command =>
    program.command(name).description(description).argument('<dataset>', 'its folder, or its name below the artifact path')
  const finish = (command: Command, example: string): Command =>
    command.addOption(artifactPath()).addOption(json()).addHelpText('after', `\nExample:\n  npx parquetry ${example}\n${EXIT_CODES}`)

  finish(add('pause', 'begin no further call in an open run, until resume; calls in flight are kept'), 'pause product-reviews').action(
    (dataset: string, flags: ControlFlags) => run(flags, async (context) => (await load()).pause(dataset, flags, context)),
  )
  finish(
    add('stop', 'end an open run cleanly, once its open row groups are finished').option(
      '--now',
      'give the open row groups up; their answers are kept',
    ),
    'stop product-reviews --now',
  ).action((dataset: string, flags: ControlFlags & { readonly now?: boolean }) =>
    run(flags, async (context) => (await load()).stop(dataset, flags, context)),
  )
  finish(add('cancel', 'end an open run as cancelled; what was answered is kept'), 'cancel product-reviews').action(
    (dataset: string, flags: ControlFlags) => run(flags, async (context) => (await load()).cancel(dataset, flags, context)),
  )
  finish(
    add('extend', 'want more rows of an open run').addArgument(new Argument('<n>', 'rows wanted in all').argParser(parseCount)),
    'extend product-reviews 5000',
  ).action((dataset: string, n: number, flags: ControlFlags) =>
    run(flags, async (context) => (await load()).extend(dataset, n, flags, context)),
  )
  finish(
    add('set-concurrency', 'change how many row groups of an open run are open at once').addArgument(
      new Argument('<n>', 'row groups, 1 to 256').argParser(parseWindow),
    ),
    'set-concurrency product-reviews 4',
  ).action((dataset: string, n: number, flags: ControlFlags) =>
    run(flags, async (context) => (await load()).setConcurrency(dataset, n, flags, context)),
  )
  finish(
    add('set-limits', 'change what an open run may ask of a model, over all its workers')
      .argument('<model>', 'model alias of the config')
      .addOption(new Option('--parallel <n>', 'calls open at once').argParser(parseCount))
      .addOption(new Option('--requests-per-minute <n>', 'requests a minute; none for no such limit').argParser(parseLimit))
      .addOption(
        new Option('--tokens-per-minute <n>', 'tokens a minute, input and output together; none for no such limit').argParser(parseLimit),
      ),
    'set-limits product-reviews openai-text --parallel 8 --requests-per-minute 500',
  ).action((dataset: string, model: string, flags: LimitsFlags) =>
    run(flags, async (context) => (await load()).setLimits(dataset, model, flags, context)),
  )
  finish(
    add('set-budget', 'change what the dataset of an open run may cost in all')
      .argument('[amount]', 'in the currency of the prices; none for no limit', parseBudget)
      .addOption(new Option('--tokens <n>', 'tokens, input and output together; none for no such limit').argParser(parseLimit)),
    'set-budget product-reviews 12.50',
  ).action((dataset: string, amount: number | 'none' | undefined, flags: BudgetFlags) =>
    run(flags, async (context) => (await load()).setBudget(dataset, amount, flags, context)),
  )
}
