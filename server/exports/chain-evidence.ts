import type { Kysely } from 'kysely'
import { noteKeyId, parseCheckpoint, parseNote } from '../../shared/audit/checkpoint.ts'
import { sameBytes } from '../../shared/audit/bytes.ts'
import { parseNoteKeyStatement } from '../../shared/audit/note-key-statement.ts'
import { AppError } from '../../shared/contract/errors.ts'
import type { ChainFile, ManifestChain } from '../../shared/exports/index.ts'
import { Proofs } from '../audit/proofs.ts'
import { listAuditKeys } from '../db/repositories/audit-chain.ts'
import { listNoteKeys, readCheckpoint, readLatestCheckpoint } from '../db/repositories/audit-checkpoints.ts'
import { readCut } from '../db/repositories/audit-cuts.ts'
import { listWitnessesOf } from '../db/repositories/audit-witnesses.ts'
import type { AuditDb } from '../db/schema.ts'
import type { SealedChain, WrittenChain } from './write-task.ts'

type Reader = Kysely<AuditDb>
type Witness = ChainFile['witnesses'][number]
const WITNESSES_MAX = 1000

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

/** Chains with the checkpoint an export is made under: the one made last. Those that have none are left out, and
 * must not be where the export says that all of them is there. */
export const listSealed = async (db: Reader, chains: readonly string[]): Promise<readonly SealedChain[]> => {
  const sealed: SealedChain[] = []
  for (const chain of chains) {
    const latest = await readLatestCheckpoint(db, chain)
    if (latest && latest.size > 0) sealed.push({ chain, size: latest.size, root: latest.root })
  }
  return sealed
}

/** Every one of the chains has a checkpoint. Throws EXPORT_CHAIN_UNSEALED. */
export const assertSealed = (chains: readonly string[], sealed: readonly SealedChain[]): void => {
  const missing = chains.find((chain) => !sealed.some((one) => one.chain === chain))
  if (missing !== undefined) throw new AppError('EXPORT_CHAIN_UNSEALED', { chain: missing })
}

/** The key whose line the note has. */
const noteKeyOf = async (db: Reader, chain: string, note: string): Promise<ChainFile['noteKey']> => {
  const ids = parseNote(note).signatures
  for (const { statement, endorsement } of await listNoteKeys(db, chain)) {
    const { key } = parseNoteKeyStatement(statement)
    const isSigner = ids.some(({ name, keyId }) => name === key.name && sameBytes(keyId, noteKeyId(key)))
    if (isSigner) return { statement: base64(statement), endorsement: base64(endorsement) }
  }
  throw new AppError('EXPORT_CHAIN_BROKEN', { chain, reason: 'note-key' })
}

const keysOf = async (db: Reader, chain: string, used: readonly string[]): Promise<ChainFile['keys']> => {
  const wanted = new Set(used)
  const keys = (await listAuditKeys(db, chain)).filter(({ kind, keyId }) => kind === 'hsm' || wanted.has(keyId))
  return keys.map(({ statement, endorsement, certificate }) => ({
    statement: base64(statement),
    endorsement: base64(endorsement),
    certificate: certificate && base64(certificate),
  }))
}

/** Whether the note has a line of that key, `name+id+key`; no word is lost on a witness that did not sign. */
export const isSignedBy = (note: string, vkey: string): boolean =>
  parseNote(note).signatures.some(({ name, keyId }) =>
    vkey.startsWith(`${name}+${Buffer.from(keyId).toString('hex')}+`),
  )

/** What proves one chain's lines, as it lies in the package and as the manifest counts it. Throws EXPORT_CHAIN_BROKEN. */
export const chainEvidence = async (
  db: Reader,
  written: WrittenChain,
  of: { readonly tenant: string; readonly outside: readonly string[] },
): Promise<{ readonly file: ChainFile; readonly counted: ManifestChain }> => {
  const { chain, size, range } = written
  const checkpoint = await readCheckpoint(db, chain, size)
  if (!checkpoint) throw new AppError('EXPORT_CHAIN_BROKEN', { chain, reason: 'checkpoint' })
  const note = await new Proofs(db).noteOf(checkpoint)
  const said = parseCheckpoint(parseNote(note).text)
  if (said.size !== size) throw new AppError('EXPORT_CHAIN_BROKEN', { chain, reason: 'checkpoint' })
  const cut = await readCut(db, chain)
  const stations = (await listWitnessesOf(db, of.tenant)).map(({ vkey, station }): Witness => ({ vkey, station }))
  const outside = of.outside.map((vkey): Witness => ({ vkey, station: null }))
  const witnesses = [...stations, ...outside].filter(({ vkey }) => isSignedBy(note, vkey))
  const file: ChainFile = {
    chain,
    origin: said.origin,
    note,
    timestamp: checkpoint.stamp && base64(checkpoint.stamp.token),
    noteKey: await noteKeyOf(db, chain, checkpoint.note),
    keys: await keysOf(db, chain, written.keys),
    range: range && { from: range.from, to: range.to, left: range.left.map(base64), right: range.right.map(base64) },
    cut: cut && { statement: base64(cut.statement), signature: base64(cut.signature), note: cut.note },
    witnesses: witnesses.slice(0, WITNESSES_MAX),
  }
  const { disclosed, headers, hidden } = written
  const ends = { from: written.lines?.from ?? null, to: written.lines?.to ?? null }
  const counted = { chain, origin: said.origin, size, root: base64(said.root), ...ends, disclosed, headers, hidden }
  return { file, counted }
}
