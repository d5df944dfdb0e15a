import type { Json } from '../../shared/audit/json.ts'
import type { ExportSignerView, ExportView } from '../../shared/contract/routes/exports.ts'
import type { Directory } from '../db/repositories/directory.ts'
import type { ExportRow } from '../db/repositories/exports.ts'
import type { ExportProgress, KeptOrder } from '../exports/ports.ts'
import { operatorRef } from './views.ts'

/** Stands for who orders in the shell, which has no operator. */
export const SHELL_OPERATOR = { id: 'shell_00000000', name: 'Shell' } as const

export const orderOf = (row: Pick<ExportRow, 'ordered'>): KeptOrder => JSON.parse(row.ordered) as KeptOrder
export const signersOf = (row: Pick<ExportRow, 'signers'>): ExportSignerView[] =>
  JSON.parse(row.signers) as ExportSignerView[]

/** As its owner sees it; `progress` where it is being made in this process. */
export const exportView = (directory: Directory, row: ExportRow, progress: ExportProgress | null): ExportView => {
  const order = orderOf(row)
  const running = row.state === 'waiting' ? progress : null
  return {
    id: row.id,
    state: running === null ? row.state : 'running',
    selection: order.selection,
    format: order.format,
    level: order.level,
    completeness: row.completeness as ExportView['completeness'],
    language: order.language,
    reason: order.reason,
    requestedBy: row.requested_by === null ? SHELL_OPERATOR : operatorRef(directory, row.requested_by),
    requestedAt: row.created_at,
    endedAt: row.ended_at,
    keptUntil: row.state === 'ready' ? row.kept_until : null,
    phase: running?.phase ?? null,
    written: row.entries ?? running?.written ?? 0,
    total: row.entries ?? running?.total ?? null,
    bytes: row.bytes,
    fileName: row.file_name,
    manifestDigest: row.manifest_digest,
    signers: signersOf(row),
    error: row.error,
  }
}

/** What an audit entry keeps of an export: what was asked for, what became of it, and the digest that names its content. */
export const exportSnapshot = (row: ExportRow): { readonly [name: string]: Json } => {
  const { selection, format, level, language, timeZone } = orderOf(row)
  return {
    id: row.id,
    name: row.file_name ?? `${selection.kind} ${format}`,
    state: row.state,
    selection: JSON.parse(JSON.stringify(selection)) as Json,
    format,
    level,
    language,
    timeZone,
    completeness: row.completeness,
    entries: row.entries,
    bytes: row.bytes,
    manifestDigest: row.manifest_digest,
    signers: signersOf(row).map(({ name, kind }) => `${name} (${kind})`),
    error: row.error,
  }
}

/** What tells of one thing done with an export that stays as it was. */
export const exportName = (row: ExportRow): { readonly [name: string]: Json } => ({
  id: row.id,
  name: row.file_name ?? row.id,
  manifestDigest: row.manifest_digest,
})
