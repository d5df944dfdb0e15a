import { parseEntryText } from '../audit/entry-read.ts'
import { rowWith, scanRow, type ExportRow, type RowSource } from './row.ts'

/**
 * Throws REQUEST_INVALID for bytes that are no entry. Apart from `row.ts`, since the long way needs the schema of entries,
 * which most threads that read rows never load.
 */
export const rowOf = (source: RowSource): ExportRow => scanRow(source) ?? rowWith(source, parseEntryText(source.bytes))
