/** The commands and their options. Nothing heavy is loaded here: each command brings its own modules when it runs. */
import { Command, Option } from 'commander'
import type { CommandContext } from './context.ts'
import type { CreateFlags } from './commands/create.ts'
import type { DevFlags } from './commands/dev.ts'
import type { EventsFlags } from './commands/events.ts'
import type { ExplainFlags } from './commands/explain.ts'
import type { ExportFlags } from './commands/export.ts'
import type { ListFlags } from './commands/list.ts'
import type { PreviewFlags } from './commands/preview.ts'
import type { PushFlags } from './commands/push-to-hub.ts'
import type { QuickstartFlags } from './commands/quickstart.ts'
import type { RehearseFlags } from './commands/rehearse.ts'
import type { ReportFlags } from './commands/report.ts'
import type { ResumeFlags } from './commands/resume.ts'
import type { StatusFlags } from './commands/status.ts'
import type { VerifyFlags } from './commands/verify.ts'
import type { ConfigFlags } from './context.ts'
import { addControls } from './control-program.ts'
import { COMMAND_HELP, PROGRAM_HELP } from './help.ts'
import {
  parseAllowedDrops,
  parseAmount,
  parseColumns,
  parseCount,
  parseDuration,
  parseIndex,
  parsePort,
  parseResume,
  parseWindow,
} from './options.ts'
import { packageVersion } from './package-root.ts'
import type { WatchedFlags } from './watched-worker.ts'

/** Runs a command with what it needs, and keeps its exit code; of the flags only `json` is looked at. */
export type Run = (flags: object, command: (context: CommandContext) => Promise<number>) => Promise<void>

/** The whole command line. */
export function createProgram(run: Run): Command {
  const program = new Command('parquetry')
    .description('Durable generation of synthetic datasets, row group by row group, on Temporal.')
    .version(packageVersion(), '-V, --version')
    .showHelpAfterError('(add --help for the options)')
    .showSuggestionAfterError()
    .addHelpText('after', PROGRAM_HELP)
  addCreate(program, run)
  addResume(program, run)
  addRetryDropped(program, run)
  addControls(program, run, { artifactPath, json })
  addPreview(program, run)
  addValidate(program, run)
  addRehearse(program, run)
  addLooks(program, run)
  addEvents(program, run)
  addShow(program, run)
  addExplain(program, run)
  addExport(program, run)
  addReport(program, run)
  addPushToHub(program, run)
  addVerify(program, run)
  addServers(program, run)
  return program
}

function json(): Option {
  return new Option('--json', 'one JSON object a line on stdout, for machines')
}

function extensions(): Option {
  return new Option('--extensions <module>', 'JavaScript module with code that configs name: columnGenerators, datasetProcessors')
}

function artifactPath(): Option {
  return new Option('-o, --artifact-path <folder>', 'folder that holds datasets').default('artifacts')
}

function addWatchedOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--metrics-port <port>', 'serve Prometheus metrics of the worker on this port of 127.0.0.1 (0: any)').argParser(parsePort),
    )
    .option('-v, --verbose', 'a line for each row group, retried call and changed limit')
}

function addConfigOptions(command: Command): Command {
  return command
    .option('-c, --run-config <file>', 'run settings as YAML, as DataDesigner has them')
    .option('--providers <file>', 'model providers as YAML, as in model_providers.yaml')
    .option('--mcp-providers <file>', 'servers of tools (MCP) as YAML, as in mcp_providers.yaml')
    .option('--provider <name>', 'ask all models at this provider instead of their own, e.g. rehearsal')
    .addOption(
      new Option('--person-fallback <how>', "make people by faker where DataDesigner's managed ones are absent").choices(['faker']),
    )
    .addOption(extensions())
}

function addFollowOptions(command: Command): Command {
  return addWatchedOptions(command)
    .addOption(
      new Option('--worker <where>', 'who does the work: a worker in this command, or some `parquetry worker`')
        .choices(['embedded', 'external'])
        .default('embedded'),
    )
    .addOption(new Option('--on-blocked <what>', 'when no call can succeed for now').choices(['wait', 'exit']))
    .addOption(
      new Option(
        '--max-wait <duration>',
        'leave after waiting this long, e.g. 90s, 10m, 1h (default: for ever on a terminal, else 10m)',
      ).argParser(parseDuration),
    )
    .addOption(
      new Option('--allow-dropped <n|p%>', 'rows that may be missing in a dataset called complete (default: 0)').argParser(
        parseAllowedDrops,
      ),
    )
    .addOption(
      new Option('--budget <amount>', 'what the dataset may cost in all, e.g. 5.00; at the limit the run waits').argParser(parseAmount),
    )
    .addOption(new Option('--token-budget <n>', 'tokens that the dataset may use in all, input and output together').argParser(parseCount))
    .addOption(new Option('--max-concurrent-row-groups <n>', 'row groups open at once, 1 to 256').argParser(parseWindow))
    .addOption(new Option('--sequential', 'one row group at a time').conflicts('maxConcurrentRowGroups'))
    .addOption(json())
}

function addCreate(program: Command, run: Run): void {
  const command = program
    .command('create')
    .description('make the dataset that a config describes, or the datasets of a file with stages')
    .argument('<config>', 'YAML or JSON file')
    .addOption(new Option('-n, --num-records <n>', 'rows wanted (default: 10; more than recorded extends a dataset)').argParser(parseCount))
    .option('-d, --dataset-name <name>', "folder name (default: the config file's name)")
    .addOption(artifactPath())
    .addOption(
      new Option(
        '-r, --resume <mode>',
        'whether to go on with what the folder holds: never, always, if_possible; or false, true',
      ).argParser(parseResume),
    )
    .addOption(new Option('--buffer-size <n>', 'rows per row group, that is, per file (default: 1000)').argParser(parseCount))
    .option('--seed <seed>', 'makes the same random values again (default: drawn once and recorded)')
    .addOption(new Option('--target <stages>', 'only these stages, separated by commas, and those before them').argParser(parseColumns))
    .option('--rerun-from <stage>', 'make this stage and those that follow from it again although nothing changed')
  addFollowOptions(addConfigOptions(command))
    .addHelpText('after', COMMAND_HELP.create)
    .action((config: string, flags: CreateFlags) =>
      run(flags, async (context) => (await import('./commands/create.ts')).create(config, flags, context)),
    )
}

function addResume(program: Command, run: Run): void {
  addFollowOptions(
    program
      .command('resume')
      .description('go on with a dataset, whether its run waits or has ended')
      .argument('<dataset>', 'its folder, or its name below the artifact path')
      .addOption(artifactPath())
      .addOption(extensions()),
  )
    .addHelpText('after', COMMAND_HELP.resume)
    .action((dataset: string, flags: ResumeFlags) =>
      run(flags, async (context) => (await import('./commands/resume.ts')).resume(dataset, flags, context)),
    )
}

function addRetryDropped(program: Command, run: Run): void {
  addFollowOptions(
    program
      .command('retry-dropped')
      .description('make the dropped rows of a dataset again; no other row is touched')
      .argument('<dataset>', 'its folder, or its name below the artifact path')
      .addOption(artifactPath())
      .addOption(extensions()),
  )
    .addHelpText('after', COMMAND_HELP.retryDropped)
    .action((dataset: string, flags: ResumeFlags) =>
      run(flags, async (context) => (await import('./commands/retry-dropped.ts')).retryDropped(dataset, flags, context)),
    )
}

function addPreview(program: Command, run: Run): void {
  addConfigOptions(
    program
      .command('preview')
      .description('make a few rows in memory and print them; needs no server')
      .argument('<config>', 'YAML or JSON file'),
  )
    .addOption(new Option('-n, --num-records <n>', 'rows').argParser(parseCount).default(10))
    .option('--seed <seed>', 'makes the same random values again')
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.preview)
    .action((config: string, flags: PreviewFlags) =>
      run(flags, async (context) => (await import('./commands/preview.ts')).preview(config, flags, context)),
    )
}

function addValidate(program: Command, run: Run): void {
  addConfigOptions(
    program
      .command('validate')
      .description('say everything that is wrong with a config, at once')
      .argument('<config>', 'YAML or JSON file'),
  )
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.validate)
    .action((config: string, flags: ConfigFlags) =>
      run(flags, async (context) => (await import('./commands/validate.ts')).validate(config, flags, context)),
    )
}

function addRehearse(program: Command, run: Run): void {
  addConfigOptions(
    program
      .command('rehearse')
      .description('run a sample without a real model, and forecast calls, tokens, cost and time')
      .argument('<config>', 'YAML or JSON file'),
  )
    .addOption(new Option('-n, --num-records <n>', 'rows to forecast for').argParser(parseCount).default(10))
    .addOption(new Option('--sample <n>', 'rows that are really run').argParser(parseCount).default(50))
    .addOption(new Option('--latency-ms <ms>', 'assumed time of one call').argParser(parseCount).default(2_000))
    .addOption(new Option('--buffer-size <n>', 'rows per row group (default: 1000)').argParser(parseCount))
    .addOption(new Option('--max-concurrent-row-groups <n>', 'row groups open at once, 1 to 256').argParser(parseWindow))
    .option('--seed <seed>', 'makes the same random values again')
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.rehearse)
    .action((config: string, flags: RehearseFlags) =>
      run(flags, async (context) => (await import('./commands/rehearse.ts')).rehearse(config, flags, context)),
    )
}

/** Commands that look at runs and datasets, and change nothing. */
function addLooks(program: Command, run: Run): void {
  program
    .command('list')
    .description('datasets and open runs, with state and age')
    .addOption(artifactPath())
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.list)
    .action((flags: ListFlags) => run(flags, async (context) => (await import('./commands/list.ts')).list(flags, context)))
  program
    .command('status')
    .description('one dataset now: from its run, or from its folder alone')
    .argument('<dataset>', 'its folder, or its name below the artifact path')
    .addOption(artifactPath())
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.status)
    .action((dataset: string, flags: StatusFlags) =>
      run(flags, async (context) => (await import('./commands/status.ts')).status(dataset, flags, context)),
    )
  program
    .command('watch')
    .description('the live panel of a run, wherever it was started')
    .argument('<dataset>', 'its folder, or its name below the artifact path')
    .addOption(artifactPath())
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.watch)
    .action((dataset: string, flags: StatusFlags) =>
      run(flags, async (context) => (await import('./commands/watch.ts')).watch(dataset, flags, context)),
    )
}

function addEvents(program: Command, run: Run): void {
  program
    .command('events')
    .description('what happened to a dataset: waits, findings, drops, changes; with time')
    .argument('<dataset>', 'its folder, or its name below the artifact path')
    .addOption(artifactPath())
    .option('--all', 'a line for each row group, instead of one for many')
    .option('-f, --follow', 'go on until the open run has ended')
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.events)
    .action((dataset: string, flags: EventsFlags) =>
      run(flags, async (context) => (await import('./commands/events.ts')).events(dataset, flags, context)),
    )
}

function addShow(program: Command, run: Run): void {
  program
    .command('show')
    .description('print one record of a dataset')
    .argument('<dataset>', 'its folder, or its name below the artifact path')
    .argument('[row]', 'index of the record, from 0', parseIndex, 0)
    .addOption(artifactPath())
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.show)
    .action((dataset: string, row: number, flags: { readonly artifactPath: string; readonly json?: boolean }) =>
      run(flags, async (context) => (await import('./commands/show.ts')).show(dataset, row, flags, context)),
    )
}

function addExplain(program: Command, run: Run): void {
  program
    .command('explain')
    .description('where a row came from: samples, prompts, answers, cost, run; needs no server')
    .argument('<dataset>', 'its folder, or its name below the artifact path')
    .argument('<row>', 'index of the record, from 0', parseIndex)
    .addOption(artifactPath())
    .option('--full', 'prompts and answers to their ends')
    .addOption(extensions())
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.explain)
    .action((dataset: string, row: number, flags: ExplainFlags) =>
      run(flags, async (context) => (await import('./commands/explain.ts')).explain(dataset, row, flags, context)),
    )
}

function addExport(program: Command, run: Run): void {
  program
    .command('export')
    .description("write a dataset's rows into one file; needs no server")
    .argument('<dataset>', 'its folder, or its name below the artifact path')
    .addOption(artifactPath())
    .addOption(new Option('-f, --format <format>', "format (default: the file's ending)").choices(['jsonl', 'csv', 'parquet']))
    .option('--output <file>', 'the file, or - for stdout (default: <dataset>.<format> in its folder)')
    .addOption(new Option('--columns <names>', 'columns of the file, separated by commas (default: all)').argParser(parseColumns))
    .option('--overwrite', 'replace a file that is there')
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.export)
    .action((dataset: string, flags: ExportFlags & { readonly json?: boolean }) =>
      run(flags, async (context) => (await import('./commands/export.ts')).exportCommand(dataset, flags, context)),
    )
}

function addReport(program: Command, run: Run): void {
  program
    .command('report')
    .description("write a dataset's report, a page for the browser, again; needs no server")
    .argument('<dataset>', 'its folder, or its name below the artifact path')
    .addOption(artifactPath())
    .option('--output <file>', 'the file (default: report.html in its folder)')
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.report)
    .action((dataset: string, flags: ReportFlags & { readonly json?: boolean }) =>
      run(flags, async (context) => (await import('./commands/report.ts')).report(dataset, flags, context)),
    )
}

function addPushToHub(program: Command, run: Run): void {
  program
    .command('push-to-hub')
    .description('upload a dataset to Hugging Face, with a card; needs no server')
    .argument('<dataset>', 'its folder, or its name below the artifact path')
    .argument('<repo>', 'owner/name on the hub')
    .addOption(artifactPath())
    .option('--private', 'only its owner sees it, if this makes it')
    .addOption(new Option('--tag <tag>', 'a tag of the card; may be repeated').argParser(collectTag))
    .option('--description <text>', 'what the card says below its title, as markdown')
    .option('--allow-incomplete', 'push a dataset that lacks rows; its card says so')
    .option('--replace', 'push over another dataset that is there')
    .option('--endpoint <url>', 'address of the hub (default: HF_ENDPOINT, else https://huggingface.co)')
    .option('--dry-run', 'say what would be pushed, and send nothing')
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.pushToHub)
    .action((dataset: string, repo: string, flags: PushFlags & { readonly json?: boolean }) =>
      run(flags, async (context) => (await import('./commands/push-to-hub.ts')).pushToHubCommand(dataset, repo, flags, context)),
    )
}

function collectTag(tag: string, tags: readonly string[] = []): readonly string[] {
  return [...tags, tag]
}

function addVerify(program: Command, run: Run): void {
  program
    .command('verify')
    .description('check every row and every byte of a dataset; needs no server')
    .argument('<dataset>', 'its folder, or its name below the artifact path')
    .addOption(artifactPath())
    .option('--repair', 'set damaged and foreign files aside, so that resume makes them anew')
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.verify)
    .action((dataset: string, flags: VerifyFlags & { readonly json?: boolean }) =>
      run(flags, async (context) => (await import('./commands/verify.ts')).verify(dataset, flags, context)),
    )
}

function addServers(program: Command, run: Run): void {
  addWatchedOptions(
    program
      .command('worker')
      .description('serve runs that were started with --worker external, until Ctrl-C')
      .addOption(extensions())
      .addOption(json()),
  )
    .addHelpText('after', COMMAND_HELP.worker)
    .action((flags: WatchedFlags & { readonly extensions?: string }) =>
      run(flags, async (context) => (await import('./commands/worker.ts')).worker(flags, context)),
    )
  addWatchedOptions(program.command('dev').description('server, worker and UI on this machine, until Ctrl-C'))
    .addOption(new Option('--detach', 'start just the server, and leave it running').conflicts(['stop', 'all']))
    .addOption(new Option('--stop', 'end the server that commands have left running').conflicts('all'))
    .addOption(new Option('--all', 'go on with all open runs, also those whose command has left').conflicts('metricsPort'))
    .addOption(extensions())
    .addOption(json())
    .addHelpText('after', COMMAND_HELP.dev)
    .action((flags: DevFlags & { readonly json?: boolean }) =>
      run(flags, async (context) => (await import('./commands/dev.ts')).dev(flags, context)),
    )
  program
    .command('quickstart')
    .description('100 rows without a key, nothing billed')
    .addOption(artifactPath())
    .addOption(json())
    .addOption(new Option('--continued', 'the first step was said already').hideHelp())
    .addHelpText('after', COMMAND_HELP.quickstart)
    .action((flags: QuickstartFlags) =>
      run(flags, async (context) => (await import('./commands/quickstart.ts')).quickstart(flags, context)),
    )
}
