/**
 * What we use of parquetjs-lite 0.8.7, which comes without types. Its row shredder is not used (slow, and it coerces values in
 * silence): columns are shredded by `shred-columns.ts` and given to its page, column-chunk and footer encoders.
 * `test/parquet/parquetjs-shape.test.ts` fails when one of these shapes changes.
 */
declare module 'parquetjs-lite' {
  /** A node of the schema, as `ParquetSchema` lists them depth first. */
  export interface ParquetField {
    readonly name: string
    readonly path: readonly string[]
    readonly repetitionType: 'OPTIONAL' | 'REPEATED' | 'REQUIRED'
    readonly rLevelMax: number
    readonly dLevelMax: number
    /** `false`: no minimum, maximum and null count in the file. */
    readonly statistics?: false | undefined
    readonly originalType?: string | undefined
    readonly isNested?: true
    readonly fieldCount?: number
    readonly fields?: Readonly<Record<string, ParquetField>>
    readonly primitiveType?: string
    readonly encoding?: string
    readonly compression?: string
    readonly typeLength?: number | undefined
  }

  /** The two properties the writers read: `fieldList`, and of `fields` only how many there are. */
  export interface SchemaLike {
    readonly fields: Readonly<Record<string, unknown>>
    readonly fieldList: readonly ParquetField[]
  }

  /** Shredded values of one leaf, waiting to become a page. */
  export interface ColumnData {
    dlevels: number[]
    rlevels: number[]
    /** Values that are not null: numbers or bigints for INT64, numbers for DOUBLE, strings for BYTE_ARRAY. */
    values: unknown[]
    distinct_values: Set<unknown>
    /** Only read by data page version 2. */
    count: number
  }

  /** An encoded page. */
  export interface EncodedPage {
    readonly page: Buffer
    readonly num_values: number
    readonly distinct_values: ReadonlySet<unknown>
    readonly statistics?: object
  }

  /** What `ParquetWriter` collects between two row groups; leaves are keyed by `String(path)`. */
  export interface RowBuffer {
    rowCount: number
    pageRowCount: number
    columnData: Record<string, ColumnData>
    pages: Record<string, EncodedPage[]>
  }

  /** What `ParquetWriter` calls on its envelope. */
  export interface Envelope {
    readonly useDataPageV2: boolean
    writeHeader(): unknown
    writeRowGroup(rows: RowBuffer): unknown
    writeIndex(): unknown
    writeFooter(metadata: Readonly<Record<string, string>>): unknown
    close(): unknown
  }

  export interface EnvelopeOptions {
    readonly useDataPageV2?: boolean
    readonly pageIndex?: boolean
  }

  interface Parquetjs {
    readonly ParquetSchema: new (fields: Readonly<Record<string, object>>) => SchemaLike
    readonly ParquetWriter: new (
      schema: SchemaLike,
      envelope: Envelope,
      options: object,
    ) => {
      rowBuffer: RowBuffer | Record<string, never>
      appendRow(row: object): Promise<void>
      close(): Promise<void>
    }
    readonly ParquetEnvelopeWriter: new (
      schema: SchemaLike,
      write: (bytes: Buffer) => unknown,
      close: () => unknown,
      fileOffset: number,
      options: EnvelopeOptions,
    ) => Omit<Envelope, 'writeRowGroup'> & {
      writeRowGroup(rows: Pick<RowBuffer, 'rowCount' | 'pages'>): unknown
    }
  }

  const parquetjs: Parquetjs
  export default parquetjs
}
