import type { RowSource } from '../../shared/exports/index.ts'

/** An entry as the database holds it, with what tells it apart from others. */
export interface StoredRow extends RowSource {
  readonly id: number
  readonly sequence: number
}

/** Reads entries of one chain in order, in batches; a batch may come at once or later. */
export interface RowReader {
  /** From a sequence (included) to another (excluded). */
  range(chain: string, from: number, to: number): Iterable<readonly StoredRow[]> | AsyncIterable<readonly StoredRow[]>
  /** By row number, in that order; rows that are not there are left out. */
  byIds(ids: Float64Array): Iterable<readonly StoredRow[]> | AsyncIterable<readonly StoredRow[]>
  close(): Promise<void>
}
