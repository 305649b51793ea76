/**
 * The plan of a dataset: an append-only list of segments of equally sized row groups (design section 10, ruling 4).
 *
 * 1. Segments follow each other without holes, in ids and in rows; the first begins at id 0 and row 0.
 * 2. Extending appends and changes nothing before it: a short last row group stays short, since its file may be committed.
 */
import type { PlanSegment, RowGroup } from '../contract.ts'

/** Most rows a plan may have; ids and rows stay exact numbers far beyond it. */
const MAX_RECORDS = Number.MAX_SAFE_INTEGER

/** The plan of a new dataset. `numRecords` ≥ 0 (0 gives no segment), `bufferSize` ≥ 1; throws a `RangeError` otherwise. */
export function planSegments(numRecords: number, bufferSize: number): readonly PlanSegment[] {
  return extendSegments([], numRecords, bufferSize)
}

/**
 * The plan extended to `numRecords` rows in all, new rows in row groups of `bufferSize`. Asking for as many rows as there are gives
 * the same plan. Throws a `RangeError` on fewer rows, or on a plan with holes.
 */
export function extendSegments(segments: readonly PlanSegment[], numRecords: number, bufferSize: number): readonly PlanSegment[] {
  checkSegments(segments)
  requireWhole('num_records', numRecords, 0)
  requireWhole('buffer_size', bufferSize, 1)
  const start = rowCount(segments)
  if (numRecords < start) throw new RangeError(`Expected at least the ${start} rows that are planned, found ${numRecords}.`)
  if (numRecords === start) return segments
  return [...segments, { firstId: rowGroupCount(segments), start, end: numRecords, size: bufferSize }]
}

/** Row groups of the plan; their ids are 0 … count − 1. */
export function rowGroupCount(segments: readonly PlanSegment[]): number {
  const last = segments.at(-1)
  return last === undefined ? 0 : last.firstId + groupsIn(last)
}

/** Rows of the plan. */
export function rowCount(segments: readonly PlanSegment[]): number {
  return segments.at(-1)?.end ?? 0
}

/** The row group with an id. Throws a `RangeError` when the plan has none. */
export function rowGroupById(segments: readonly PlanSegment[], id: number): RowGroup {
  requireWhole('row group id', id, 0)
  const segment = segments.findLast(({ firstId }) => firstId <= id)
  if (segment === undefined || id >= segment.firstId + groupsIn(segment)) {
    throw new RangeError(`Expected a row group of the plan, 0 to ${rowGroupCount(segments) - 1}, found ${id}.`)
  }
  return groupAt(segment, id)
}

/** The row group that holds a row. Throws a `RangeError` when the plan has no such row. */
export function rowGroupOfRow(segments: readonly PlanSegment[], row: number): RowGroup {
  requireWhole('row', row, 0)
  const segment = segments.findLast(({ start }) => start <= row)
  if (segment === undefined || row >= segment.end) {
    throw new RangeError(`Expected a row of the plan, 0 to ${rowCount(segments) - 1}, found ${row}.`)
  }
  return groupAt(segment, segment.firstId + Math.floor((row - segment.start) / segment.size))
}

/** Row groups with ids in [firstId, endId), rising. Ids beyond the plan throw a `RangeError`. */
export function* rowGroupsOf(segments: readonly PlanSegment[], firstId: number, endId: number): Generator<RowGroup, void, undefined> {
  const total = rowGroupCount(segments)
  requireWhole('first row group id', firstId, 0)
  requireWhole('end of the row group ids', endId, firstId)
  if (endId > total) throw new RangeError(`Expected row groups of the plan, 0 to ${total - 1}, found the range ${firstId} to ${endId}.`)
  for (const segment of segments) {
    const end = Math.min(endId, segment.firstId + groupsIn(segment))
    for (let id = Math.max(firstId, segment.firstId); id < end; id += 1) yield groupAt(segment, id)
  }
}

/** Checks a plan that comes from outside. Throws a `RangeError` naming the first segment that does not follow on from the one before. */
export function checkSegments(segments: readonly PlanSegment[]): void {
  let firstId = 0
  let start = 0
  for (const [index, segment] of segments.entries()) {
    requireWhole(`size of segment ${index}`, segment.size, 1)
    requireWhole(`end of segment ${index}`, segment.end, start + 1)
    if (segment.firstId !== firstId || segment.start !== start) {
      throw new RangeError(
        `Expected segment ${index} to begin at row group ${firstId} and row ${start}, found ${segment.firstId} and ${segment.start}.`,
      )
    }
    firstId += groupsIn(segment)
    start = segment.end
  }
}

/** Name of a row group's files, without extension: `batch_00012`, with more digits from 100,000 on. */
export function batchName(id: number): string {
  requireWhole('row group id', id, 0)
  return `batch_${String(id).padStart(5, '0')}`
}

/**
 * The id behind a name, or null. Only the canonical form counts: `batch_3` and `batch_000003` beside `batch_00003` would be two
 * files for one row group, so they are null and reported as ignored.
 */
export function parseBatchName(name: string): number | null {
  const digits = /^batch_(\d{5,16})$/.exec(name)?.[1]
  if (digits === undefined) return null
  const id = Number(digits)
  return Number.isSafeInteger(id) && batchName(id) === name ? id : null
}

function groupsIn({ start, end, size }: PlanSegment): number {
  return Math.ceil((end - start) / size)
}

function groupAt(segment: PlanSegment, id: number): RowGroup {
  const start = segment.start + (id - segment.firstId) * segment.size
  return { id, start, end: Math.min(start + segment.size, segment.end) }
}

function requireWhole(what: string, value: number, least: number): void {
  if (!(Number.isInteger(value) && value >= least && value <= MAX_RECORDS)) {
    throw new RangeError(`Expected ${what} to be a whole number of ${least} or more, found ${value}.`)
  }
}
