/**
 * Bytes at keys below one dataset folder. Keys are relative, `/`-separated, and can never leave the folder
 * (`DATASET_NAME_INVALID` otherwise). Disk faults become `DISK_FULL` or `STORAGE_FAILED`.
 */
export interface Storage {
  /** Where this is, for people: an absolute folder, later a URL. */
  describe(): string
  /** Whole object, or null when there is none. */
  read(key: string): Promise<Uint8Array | null>
  /** Bytes [start, end) of an object; `end` may be beyond its size. Throws `STORAGE_FAILED` when there is none. */
  readRange(key: string, start: number, end: number): Promise<Uint8Array>
  /**
   * The last bytes of an object, at most `length`, and its size, both of the same moment and at the cost of one look; null when there is
   * none.
   */
  readTail(key: string, length: number): Promise<{ readonly sizeBytes: number; readonly bytes: Uint8Array } | null>
  /** Size in bytes and modification time in ms since the epoch, or null when there is none. */
  stat(key: string): Promise<{ readonly sizeBytes: number; readonly modifiedMs: number } | null>
  /** Replaces the object whole: readers see the old or the new bytes, never a mixture; on disk when the promise resolves. */
  writeAtomic(key: string, bytes: Uint8Array | string): Promise<void>
  /** Creates the object, on disk when the promise resolves; false when it exists already (nothing is changed then). */
  createExclusive(key: string, bytes: Uint8Array | string): Promise<boolean>
  /** Writes a staged object (fsynced); its name must be unique to the caller. */
  stage(key: string, bytes: Uint8Array): Promise<void>
  /** Publishes a staged object under its final key by `link`: the first writer wins. False when the final key is taken. The folder is fsynced. */
  publish(stagedKey: string, finalKey: string): Promise<boolean>
  /**
   * Gives an object a second name, durable when the promise resolves; false when that name is taken (nothing is changed then). Replacing
   * or moving the first name leaves the second one with the bytes it has. Throws `STORAGE_FAILED` when there is no such object.
   */
  link(fromKey: string, toKey: string): Promise<boolean>
  /**
   * Moves an object, replacing the target, or a whole folder to where there is none yet; the folders of both are fsynced.
   * Throws `STORAGE_FAILED` when there is nothing to move, or a folder's target holds anything.
   */
  move(fromKey: string, toKey: string): Promise<void>
  /**
   * Lets the folder `key` be what lies in the folder `versionKey`, whatever it was before; on disk when the promise resolves.
   * A storage with links lets `key` point there, in one step; `versionKey` must then stay. One without moves the folder, and
   * `versionKey` is gone. A plain folder that was in the way may be left as `<versionKey>.replaced`, for the caller to remove; only
   * then, a death in the middle leaves nothing under `key` until the call is repeated. Throws `STORAGE_FAILED` without a `versionKey`.
   */
  replaceFolder(key: string, versionKey: string): Promise<void>
  /** Removes an object or a whole folder; nothing happens when there is none. */
  remove(key: string): Promise<void>
  /** Removes what writers that died left unfinished directly below a folder key, unless it was touched in the last `olderThanMs`. */
  removeUnfinished(folderKey: string, olderThanMs: number): Promise<void>
  /** Names directly below a folder key, sorted; empty when there is no such folder. Folders end in `/`. */
  list(folderKey: string): Promise<readonly string[]>
  /** An object that only grows, for journals. `append` resolves when `write` has returned; fsync follows at most `syncMs` later (default 1,000), with 0 before `append` resolves. */
  openAppend(key: string, options?: { readonly syncMs?: number }): Promise<AppendHandle>
}

/** An open append-only object. */
export interface AppendHandle {
  append(text: string): Promise<void>
  /** Syncs and closes. */
  close(): Promise<void>
}
