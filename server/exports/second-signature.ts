import { lstat, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MANIFEST, MANIFEST_SIGNATURE } from '../../shared/exports/index.ts'
import type { ExportRow } from '../db/repositories/exports.ts'
import { bytesContent } from '../signing/content.ts'
import type { Content } from '../signing/signatures.ts'
import { memberOf, syncFolder } from './folders.ts'
import { keptMembers, layoutOf } from './kept-members.ts'

const NEXT = `${MANIFEST_SIGNATURE}.next`

export interface NewSignature {
  readonly signature: Uint8Array
  /** As the row keeps them. */
  readonly signers: string
  readonly renewAt: number | null
}
type Change = Pick<ExportRow, 'bytes' | 'members' | 'signers' | 'renew_at'>

/** The manifest of a package with its signature as it lies there. */
export const readSigned = async (
  folder: string,
): Promise<{ readonly signature: Uint8Array; readonly manifest: Uint8Array; readonly content: Content }> => {
  const signature = await readFile(join(folder, MANIFEST_SIGNATURE))
  const manifest = await readFile(join(folder, MANIFEST))
  return { signature, manifest, content: bytesContent(manifest) }
}

/** The row of a package as it is now; null where there is none any more. */
export type ReadRow = () => Promise<ExportRow | null>

/**
 * Puts another signature file in place of the one there is: the last member, so nothing before it moves. Order: the new
 * file durable beside the old, the row with its entry (`commit`; null: somebody else was first), the rename. What dies or
 * fails between the last two is healed by the next that replaces, reads or gives it: the row says which file is meant.
 * Null, and nothing made, where the row is not the one `read` gives when its turn comes.
 */
export const replaceSignature = <T>(
  folder: string,
  { row, read }: { readonly row: ExportRow; readonly read: ReadRow },
  make: (signature: Uint8Array, content: Content) => Promise<NewSignature>,
  commit: (change: Change) => Promise<T | null>,
): Promise<T | null> =>
  inTurn(folder, async () => {
    const now = await read()
    if (!now || now.version !== row.version || now.state !== row.state) return null
    // A signature that the row has and the folder not yet would be lost for good.
    await settle(folder, now)
    return replace(folder, row, make, commit)
  })

/** Packages whose signature is being replaced in this process, until the last that waits is done. */
const replacing = new Map<string, Promise<void>>()

/** One after the other: they share the file beside. */
const inTurn = async <T>(folder: string, act: () => Promise<T>): Promise<T> => {
  const before = replacing.get(folder)
  const work = (before ?? Promise.resolve()).then(act)
  const turn = work.then(
    () => undefined,
    () => undefined,
  )
  replacing.set(folder, turn)
  try {
    return await work
  } finally {
    if (replacing.get(folder) === turn) replacing.delete(folder)
  }
}

const replace = async <T>(
  folder: string,
  row: ExportRow,
  make: (signature: Uint8Array, content: Content) => Promise<NewSignature>,
  commit: (change: Change) => Promise<T | null>,
): Promise<T | null> => {
  const { signature, content } = await readSigned(folder)
  const made = await make(signature, content)
  const kept = keptMembers(row)
  const member = memberOf(MANIFEST_SIGNATURE, made.signature)
  const members = { ...kept, members: [...kept.members.slice(0, -1), member] }
  const next = join(folder, NEXT)
  const file = await open(next, 'w', 0o600)
  try {
    await file.writeFile(made.signature)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncFolder(folder)
  const committed = await commit({
    bytes: layoutOf(members).size,
    members: JSON.stringify(members),
    signers: made.signers,
    renew_at: made.renewAt,
  })
  if (committed === null) await rm(next, { force: true })
  else await promoteSignature(folder, { members: JSON.stringify(members) })
  return committed
}

/** After a death between row and rename: the file the row names is the one that counts, the other is removed. */
export const settleSignature = async (folder: string, read: ReadRow): Promise<void> => {
  // Not left by anybody: whoever is at it puts it in its place.
  if (replacing.has(folder) || (await lstat(join(folder, NEXT)).catch(ifThere)) === null) return
  await inTurn(folder, async () => {
    const row = await read()
    if (row) await settle(folder, row)
  })
}

const settle = async (folder: string, row: Pick<ExportRow, 'members'>): Promise<void> => {
  if (!(await promoteSignature(folder, row))) await rm(join(folder, NEXT), { force: true })
}

/**
 * Puts the file beside in its place where the row names it, durable when it returns, and touches nothing else: also for a
 * process that does not know whether another is at it. False where there is none, or not that one.
 */
export const promoteSignature = async (folder: string, row: Pick<ExportRow, 'members'>): Promise<boolean> => {
  const next = join(folder, NEXT)
  const bytes = await readFile(next).catch(ifThere)
  const named = keptMembers(row).members.at(-1)
  if (bytes === null || named?.sha256 !== memberOf(MANIFEST_SIGNATURE, bytes).sha256) return false
  // Another process may have done just the same.
  await rename(next, join(folder, MANIFEST_SIGNATURE)).catch(ifThere)
  await syncFolder(folder)
  return true
}

const ifThere = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null
  throw error
}
