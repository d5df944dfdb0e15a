import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MANIFEST, MANIFEST_SIGNATURE } from '../../shared/exports/index.ts'
import type { ExportRow } from '../db/repositories/exports.ts'
import { bytesContent } from '../signing/content.ts'
import type { Content } from '../signing/signatures.ts'
import { memberOf } from './folders.ts'
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
): Promise<{ readonly signature: Uint8Array; readonly content: Content }> => ({
  signature: await readFile(join(folder, MANIFEST_SIGNATURE)),
  content: bytesContent(await readFile(join(folder, MANIFEST))),
})

/**
 * Puts another signature file in place of the one there is: the last member, so nothing before it moves. Order: the new
 * file durable beside the old, the row with its entry (`commit`; null: somebody else was first), the rename. A process
 * that dies between the last two is healed by `settleSignature`: the row says which file is meant.
 */
export const replaceSignature = async <T>(
  folder: string,
  row: ExportRow,
  make: (signature: Uint8Array, content: Content) => Promise<NewSignature>,
  commit: (change: Change) => Promise<T | null>,
): Promise<T | null> => {
  // One after the other: they share the file beside.
  const before = replacing.get(folder)
  const work = (before ?? Promise.resolve()).then(() => replace(folder, row, make, commit))
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

/** Packages whose signature is being replaced in this process, until the last that waits is done. */
const replacing = new Map<string, Promise<void>>()

const replace: typeof replaceSignature = async (folder, row, make, commit) => {
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
  const committed = await commit({
    bytes: layoutOf(members).size,
    members: JSON.stringify(members),
    signers: made.signers,
    renew_at: made.renewAt,
  })
  if (committed === null) await rm(next, { force: true })
  else await rename(next, join(folder, MANIFEST_SIGNATURE))
  return committed
}

/** After a death between row and rename: the file the row names is the one that counts. */
export const settleSignature = async (folder: string, row: Pick<ExportRow, 'members'>): Promise<void> => {
  // Not left by anybody: whoever is at it puts it in its place.
  if (replacing.has(folder)) return
  const next = join(folder, NEXT)
  const bytes = await readFile(next).catch(() => null)
  if (bytes === null) return
  const named = keptMembers(row).members.at(-1)
  if (named?.sha256 === memberOf(MANIFEST_SIGNATURE, bytes).sha256) await rename(next, join(folder, MANIFEST_SIGNATURE))
  else await rm(next, { force: true })
}
