import { AppError } from '../../shared/contract/errors.ts'
import { readExport } from '../db/repositories/exports.ts'
import type { OperationalDatabase } from '../db/schema.ts'
import type { ExportFolders } from './folders.ts'
import { etagOf, keptMembers, layoutOf } from './kept-members.ts'
import { streamPackage } from './package-stream.ts'
import type { ExportReach } from './pass-rights.ts'
import type { DownloadPasses } from './passes.ts'
import { settleSignature } from './second-signature.ts'

/** A package as it can be downloaded now. */
export interface PackageFile {
  readonly size: number
  readonly fileName: string
  readonly etag: string
  stream(range: { readonly from: number; readonly to: number }): AsyncIterable<Uint8Array>
}

export interface PackageFilesDeps {
  readonly db: OperationalDatabase
  readonly tenant: string
  readonly node: string
  readonly folders: ExportFolders
  readonly passes: DownloadPasses
  readonly reach: ExportReach
}

/** Files of packages for whoever holds a pass of theirs, as long as the session it was given to and its right go on. */
export class PackageFiles {
  readonly #deps: PackageFilesDeps

  constructor(deps: PackageFilesDeps) {
    this.#deps = deps
  }

  /** Throws EXPORT_PASS_INVALID; EXPORT_NOT_FOUND for one that is gone meanwhile, or lies with another node. */
  async open(id: string, pass: string | null, now: number): Promise<PackageFile> {
    const { db, tenant, node, folders, passes, reach } = this.#deps
    const holder = pass === null ? null : passes.holderOf(pass, id, now)
    // Each time: who lost the right, or part of what it reaches, reads no further.
    if (holder === null || (await reach(holder.sessionId, now)) !== holder.reach)
      throw new AppError('EXPORT_PASS_INVALID')
    const folder = folders.whole(id)
    await settleSignature(folder, () => readExport(db, tenant, id))
    const row = await readExport(db, tenant, id)
    if (row?.state !== 'ready' || row.node !== node || row.file_name === null)
      throw new AppError('EXPORT_NOT_FOUND', { id })
    const kept = keptMembers(row)
    const layout = layoutOf(kept)
    return {
      size: layout.size,
      fileName: row.file_name,
      etag: etagOf(kept),
      stream: (range) => streamPackage(folder, kept, layout, range),
    }
  }
}
