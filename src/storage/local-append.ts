/**
 * An append-only file. Appends that come together share one write; fsync follows at most `syncMs` later and is shared too. With
 * `syncMs` 0 an append has been fsynced when its promise resolves.
 *
 * 1. The file never keeps half an append that failed: it is cut back to where it was, or the handle gives up for good.
 * 2. After a failed fsync the system may have thrown the pages away, so the handle gives up for good; the next append says so.
 */
import type { FileHandle } from 'node:fs/promises'
import { diskError } from './disk-error.ts'
import { ParquetryError } from '../errors.ts'
import type { AppendHandle } from './storage.ts'

/** What an append handle needs of the system. */
export interface AppendOptions {
  readonly file: FileHandle
  readonly path: string
  /** Size of the file when it was opened. */
  readonly sizeBytes: number
  /** Milliseconds between a write and its fsync, ≥ 0. */
  readonly syncMs: number
}

interface Waiting {
  readonly text: string
  resolve(): void
  reject(error: unknown): void
}

/** Wraps an open file. A class, for it has a lifetime. */
export class LocalAppendHandle implements AppendHandle {
  readonly #options: AppendOptions
  #sizeBytes: number
  #waiting: Waiting[] = []
  #writing: Promise<void> | null = null
  #syncing: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #isDirty = false
  #failure: ParquetryError | null = null
  #closing: Promise<void> | null = null

  constructor(options: AppendOptions) {
    this.#options = options
    this.#sizeBytes = options.sizeBytes
  }

  append(text: string): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (this.#closing !== null) return Promise.reject(this.#closedError())
    const done = new Promise<void>((resolve, reject) => this.#waiting.push({ text, resolve, reject }))
    this.#writing ??= this.#writeAll()
    return done
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #writeAll(): Promise<void> {
    // Everything that this turn of the event loop appends goes into one write.
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        if (this.#failure !== null) throw this.#failure
        await this.#write(Buffer.from(batch.map(({ text }) => text).join('')))
        if (this.#options.syncMs <= 0) await this.#sync()
        else this.#scheduleSync()
        for (const waiting of batch) waiting.resolve()
      } catch (error) {
        for (const waiting of batch) waiting.reject(error)
      }
    }
    this.#writing = null
  }

  async #write(bytes: Buffer): Promise<void> {
    const { file, path } = this.#options
    try {
      for (let offset = 0; offset < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, offset, bytes.length - offset)
        offset += bytesWritten
      }
      this.#sizeBytes += bytes.length
      this.#isDirty = true
    } catch (cause) {
      const error = diskError(cause, 'write', path)
      await file.truncate(this.#sizeBytes).catch(() => (this.#failure = error))
      throw error
    }
  }

  #scheduleSync(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#syncing = this.#syncing.then(() => this.#sync()).catch(() => undefined)
    }, this.#options.syncMs).unref()
  }

  async #sync(): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    if (!this.#isDirty) return
    this.#isDirty = false
    try {
      await this.#options.file.datasync()
    } catch (cause) {
      this.#failure = diskError(cause, 'sync', this.#options.path)
      throw this.#failure
    }
  }

  async #close(): Promise<void> {
    await this.#writing
    clearTimeout(this.#timer)
    try {
      await this.#syncing
      await this.#sync()
    } finally {
      await this.#options.file.close()
    }
  }

  #closedError(): ParquetryError {
    return new ParquetryError('STORAGE_FAILED', `expected ${this.#options.path} to be open, found it closed`)
  }
}
