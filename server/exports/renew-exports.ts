import { AppError } from '../../shared/contract/errors.ts'
import { listExportsOf, readExport, type ExportRow } from '../db/repositories/exports.ts'
import type { OperationalDatabase } from '../db/schema.ts'
import type { OwnChanges } from '../jobs/own-changes.ts'
import type { Log } from '../log/log.ts'
import { exportName, orderOf } from '../services/exports-view.ts'
import type { Signatures } from '../signing/signatures.ts'
import type { ExportFolders } from './folders.ts'
import { renewalOf } from './renewal.ts'
import { changeRow } from './row-change.ts'
import { replaceSignature } from './second-signature.ts'

export interface RenewalDeps {
  readonly db: OperationalDatabase
  readonly own: OwnChanges
  readonly log: Log
  /** Whose folder it is. */
  readonly node: string
  readonly folders: Pick<ExportFolders, 'whole'>
  readonly signatures: Pick<Signatures, 'renew' | 'endOf'>
}

/**
 * Archive time-stamps of kept packages, before the newest one's certificate ends. One that cannot be renewed keeps none
 * of the others from it; then throws a failure, so that somebody is told at last: one that may be tried again where there
 * is one, since those it concerns are, whatever became of the others.
 */
export const renewExports = async (deps: RenewalDeps, signal: AbortSignal): Promise<void> => {
  const { db, node, own, log } = deps
  const failed: unknown[] = []
  for (const row of await listExportsOf(db, node, ['ready'])) {
    signal.throwIfAborted()
    if (row.renew_at === null || row.renew_at > own.now() || orderOf(row).level !== 'B-LTA') continue
    try {
      await renewOne(deps, row)
    } catch (error) {
      log.error({ export: row.id, error: error instanceof Error ? error.stack : String(error) }, 'export not renewed')
      failed.push(error)
    }
  }
  if (failed.length > 0) throw failed.find(isForNow) ?? failed[0]
}

const isForNow = (error: unknown): boolean => !(error instanceof AppError) || error.retry

const renewOne = async ({ db, own, folders, signatures }: RenewalDeps, row: ExportRow): Promise<void> => {
  await replaceSignature(
    folders.whole(row.id),
    { row, read: () => readExport(db, row.tenant, row.id) },
    async (signature, content) => {
      const renewed = await signatures.renew({ kind: 'cades', signature, content })
      const end = signatures.endOf({ kind: 'cades', signature: renewed, content })
      return { signature: renewed, signers: row.signers, renewAt: renewalOf(null, end) }
    },
    async (change) => {
      const isOurs = await changeRow(own, row, change, (before, after) => ({
        action: 'Modification',
        object: { type: 'export', id: row.id },
        before: { ...exportName(before), renewAt: before.renew_at },
        after: { ...exportName(after), renewAt: after.renew_at },
        reason: 'signature-renewal',
      }))
      return isOurs ? row : null
    },
  )
}
