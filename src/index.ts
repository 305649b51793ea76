/** The public surface: declare a dataset, start and follow runs, run a worker, tell errors apart. */
export { defineColumnGenerator } from './config/column-generators.ts'
export type {
  CellColumnGenerator,
  ColumnGenerator,
  ColumnGenerators,
  FullColumnGenerator,
  GeneratedColumns,
  GeneratorContext,
  GeneratorRow,
  OutputType,
  Question,
} from './columns/custom-generator.ts'
export { defineDataset } from './config/define-dataset.ts'
export type { ConfigInput, PreparedConfig } from './config/prepare-config.ts'
export { ParquetryClient } from './client/parquetry-client.ts'
export type { ConnectOptions, CreateOptions } from './client/parquetry-client.ts'
export { CompositeHandle } from './client/composite-handle.ts'
export type { CompositeRunProgress } from './client/composite-handle.ts'
export type { CreateCompositeOptions, ResumeCompositeOptions } from './client/start-composite.ts'
export type { CompositeResult, StageReport } from './composite-contract.ts'
export { RunHandle } from './client/run-handle.ts'
export type { RunProgress } from './client/progress.ts'
export { listDatasets } from './client/list-datasets.ts'
export type { ListedDataset } from './client/list-datasets.ts'
export { summarizeDataset } from './client/dataset-summary.ts'
export type { DatasetState, DatasetSummary, SummaryFacts } from './client/dataset-summary.ts'
export { openDatasetRows } from './client/open-dataset-rows.ts'
export type { RowOptions } from './client/open-dataset-rows.ts'
export { readRunEvents } from './client/run-events.ts'
export type { EventOptions } from './client/run-events.ts'
export type { RunEvent } from './client/history-events.ts'
export { explainRow } from './client/explain-row.ts'
export type { ExplainOptions } from './client/explain-row.ts'
export type { ExplainedCall, ExplainedColumn, RowExplanation } from './dataset/explain/explain-row.ts'
export { exportDataset } from './client/export-dataset.ts'
export type { ExportedDataset, ExportOptions } from './client/export-dataset.ts'
export { writeReport } from './client/write-report.ts'
export type { ReportOptions, WrittenReport } from './client/write-report.ts'
export { pushToHub } from './client/push-to-hub.ts'
export type { PushedDataset, PushOptions } from './client/push-to-hub.ts'
export { createWorker } from './worker/create-worker.ts'
export type { ParquetryWorker, ParquetryWorkerOptions } from './worker/create-worker.ts'
export { createMetrics } from './worker/metrics.ts'
export type { WorkerMetrics } from './worker/metrics.ts'
export type { WorkerEvent } from './worker/worker-events.ts'
export type { DatasetProcessor, DatasetTables, ProcessorContext, ProcessorOutput, Scratch } from './dataset/ports.ts'
export type {
  BudgetAnswer,
  BudgetRequest,
  DatasetResult,
  ExtendAnswer,
  ModelLimitsAnswer,
  ModelLimitsRequest,
  RunOptions,
} from './contract.ts'
export { isParquetryError, ParquetryError } from './errors.ts'
export type { ErrorCode, Problem } from './errors.ts'
export type { ChatAnswer, ChatMessage } from './model/client.ts'
export type { RowStream } from './random/random.ts'
export type { Field, Schema, Table, Value, ValueType } from './values.ts'
