/** Texts of `--help`. Every command in them runs as it stands, given the files it names. */

/** Exit codes, as in README.md. */
export const EXIT_CODES_HELP = `
Exit codes:
  0    complete: every row is accounted for, no more dropped than allowed
  1    the run failed, or verify found damage
  2    a mistake in the command, the config or the folder; nothing was started
  3    incomplete: more rows dropped than allowed (--allow-dropped)
  4    blocked: a key, an endpoint or disk space is missing; going on repeats no call
  5    the folder holds an unfinished run, and neither -r always nor -r never was given
  6    no Temporal server could be reached or started
  130  stopped by Ctrl-C; going on repeats no call
  141  the reader of the output went away`

/** Below the list of commands. */
export const PROGRAM_HELP = `
Examples:
  npx parquetry quickstart                             100 rows without a key, nothing billed
  npx parquetry validate examples/product-reviews.yaml
  npx parquetry preview examples/product-reviews.yaml -n 3 --provider rehearsal
  npx parquetry rehearse examples/product-reviews.yaml -n 100000
  npx parquetry create examples/product-reviews.yaml -n 2000
  npx parquetry list
  npx parquetry watch product-reviews
  npx parquetry show product-reviews 0
  npx parquetry verify product-reviews
  npx parquetry export product-reviews --format jsonl
  npx parquetry report product-reviews
  npx parquetry push-to-hub product-reviews my-name/product-reviews --dry-run

Keys come from the environment (OPENAI_API_KEY; OPENAI_BASE_URL for another endpoint) or from the
providers that a config names. The Temporal server is the one that TEMPORAL_ADDRESS names, else one
that is started on this machine and shared by all commands.
${EXIT_CODES_HELP}`

/** Below the options of one command. */
export const COMMAND_HELP = {
  create: `
Examples:
  npx parquetry create examples/product-reviews.yaml -n 2000
  npx parquetry create examples/product-reviews.yaml -n 100 --provider rehearsal
  npx parquetry create examples/product-reviews.yaml -n 2000 --resume always --allow-dropped 1%
  npx parquetry create examples/product-reviews.yaml --json --on-blocked exit
  npx parquetry create examples/exam.yaml --provider rehearsal      a file with stages: one dataset each

Ctrl-C stops cleanly: answers in flight are kept. A second Ctrl-C aborts.
${EXIT_CODES_HELP}`,
  preview: `
Example:
  npx parquetry preview examples/product-reviews.yaml -n 3 --provider rehearsal`,
  validate: `
Example:
  npx parquetry validate examples/product-reviews.yaml

Exit codes: 0 the config is fine, 2 it is not.`,
  rehearse: `
Example:
  npx parquetry rehearse examples/product-reviews.yaml -n 100000 --latency-ms 1500

Nothing is billed: no real model is called, and the sample's files are removed again.`,
  list: `
Examples:
  npx parquetry list
  npx parquetry list --artifact-path artifacts --json

Datasets below the artifact path and those of open runs elsewhere, newest checkpoint first.
Starts no server: without one it says what the folders say.`,
  status: `
Examples:
  npx parquetry status product-reviews
  npx parquetry status artifacts/product-reviews --json

From the run where one is open and a worker serves it, else from the checkpoint in the folder.`,
  watch: `
Examples:
  npx parquetry watch product-reviews
  npx parquetry watch artifacts/product-reviews --json

Ctrl-C ends watching and leaves the run alone. Exit codes are those of the run; 130 when left before
its end, or when nothing is open and the dataset is not finished.`,
  show: `
Examples:
  npx parquetry show product-reviews
  npx parquetry show artifacts/product-reviews 41 --json`,
  events: `
Examples:
  npx parquetry events product-reviews
  npx parquetry events artifacts/product-reviews --follow --json

All runs that the Temporal server still knows, oldest first. Ctrl-C leaves; the run is not touched.`,
  explain: `
Examples:
  npx parquetry explain product-reviews 41
  npx parquetry explain artifacts/product-reviews 41 --full --json

Samples and prompts can always be told; requests and answers while the row group is open, and afterwards
where the config says \`parquetry: { traces: sampled }\` (one row in a hundred) or \`all\`. Nobody is called.`,
  resume: `
Examples:
  npx parquetry resume product-reviews
  npx parquetry resume artifacts/product-reviews --max-wait 30m
${EXIT_CODES_HELP}`,
  retryDropped: `
Examples:
  npx parquetry retry-dropped product-reviews
  npx parquetry retry-dropped artifacts/product-reviews --allow-dropped 1%

Only the rows that were dropped are asked for again, each with refill numbers that were not tried yet;
all other rows keep their values, and the files as they were stay in quarantine/. May be repeated.
${EXIT_CODES_HELP}`,
  export: `
Examples:
  npx parquetry export product-reviews --format jsonl
  npx parquetry export product-reviews --output reviews.csv --columns product,review
  npx parquetry export product-reviews --format csv --output - | head

All rows that are there by now, in order; a dataset that is not complete is exported as far as it is,
and that is said. The file appears whole or not at all.`,
  report: `
Examples:
  npx parquetry report product-reviews
  npx parquetry report product-reviews --output reviews.html

Every run leaves report.html in the dataset's folder when it ends; this makes it again, also of a
dataset that is not complete. The page needs nothing but itself: it can be sent as it is.`,
  pushToHub: `
Examples:
  npx parquetry push-to-hub product-reviews my-name/product-reviews --dry-run
  npx parquetry push-to-hub product-reviews my-name/product-reviews --private --tag reviews

Rows, images, processors' outputs, builder_config.json, metadata.json and a card go up, nothing else: no
journal, no seed data, no dropped columns. The token comes from HF_TOKEN, or from where hf auth login has
put it. A later push sends what changed and removes what is gone.

Exit codes: 0 pushed, 2 a mistake or no permission, 3 the dataset is incomplete (--allow-incomplete),
4 the hub cannot be reached; pushing again sends nothing twice.`,
  verify: `
Examples:
  npx parquetry verify product-reviews
  npx parquetry verify artifacts/product-reviews --json
  npx parquetry verify product-reviews --repair      sets damaged files aside; resume makes them anew

Looks at every byte of every file; needs no server. Nothing is ever deleted.

Exit codes: 0 complete and sound, 1 damaged, 2 no dataset there, or a run is open (--repair),
3 sound as far as it goes: rows are missing, or more dropped than allowed.`,
  worker: `
Examples:
  npx parquetry worker
  npx parquetry worker --metrics-port 9464 --verbose

Serves runs that were started with --worker external. Open runs are announced before they go on.`,
  dev: `
Examples:
  npx parquetry dev                server, worker and UI until Ctrl-C
  npx parquetry dev --detach       just the server; it is left running
  npx parquetry dev --stop         ends it again; its runs are kept`,
  quickstart: `
No account, no key, nothing billed: the answers come from a rehearsal model and say so.`,
} as const
