import { z } from 'zod'
import { decodeBase64url } from './base64url.ts'
import { concatBytes, sameBytes } from './bytes.ts'
import { noteKeyId, parseCheckpoint, parseNote, parseNoteKey, signaturesOf, verifyNote } from './checkpoint.ts'
import type { Checkpoint, NoteKey } from './checkpoint.ts'
import { keyAlgorithmOf, keyIdOf } from './crypto.ts'
import type { VerifySignature } from './crypto.ts'
import { ChainName } from './entry.ts'
import { canonicalBytes, parseCanonical } from './jcs.ts'
import type { Json } from './json.ts'
import { parseKeyStatement, spkiOfStatement } from './key-statement.ts'
import { keySigningBytes } from './link.ts'
import { refusedNote } from './note-key.ts'
import type { StoredNoteKey } from './stored.ts'

/**
 * The binding of the key that signs a chain's checkpoints to the key store: a statement, signed by the key-store key in
 * force, that this Ed25519 key speaks for this origin. The origin names the chain and its first key-store key, so it
 * stays over every roll-over and no other chain can have it.
 */
export interface NoteKeyStatement {
  readonly chain: string
  readonly origin: string
  /** C2SP vkey, type 0x01. */
  readonly vkey: string
  /** Id of the key-store key that signs this statement. */
  readonly endorsedBy: string
  /** UTC in ms. */
  readonly createdAt: number
  /** Each checkpoint this key signs is linked to the one before it; left out by keys of before there were links. */
  readonly links?: true | undefined
}

/** A statement or key statement with the signature over it. */
export interface Endorsed {
  readonly statement: Uint8Array
  readonly endorsement: Uint8Array
}
export interface KnownHsmKey {
  readonly keyId: string
  readonly spki: Uint8Array
}

/** Object type of the entry (action `KeyUse`) that announces a note key; its id is the vkey's `name+id` part. */
export const NOTE_KEY_OBJECT = 'audit-checkpoint'
const DOMAIN = new TextEncoder().encode('countersign/audit/note-key/1\n')

const Statement = z.strictObject({
  v: z.literal(1),
  chain: ChainName,
  origin: z.string().min(1).max(200),
  vkey: z.string().min(1).max(300),
  endorsedBy: z.string().min(1).max(100),
  createdAt: z.int().min(0),
  links: z.literal(true).optional(),
})

/** `rootKeyId`: the key-store key that entry 0 announces. */
export const originOf = (chain: string, rootKeyId: string): string => `${chain}/audit/${rootKeyId}`

export const encodeNoteKeyStatement = (statement: NoteKeyStatement): Uint8Array =>
  canonicalBytes({ v: 1, ...statement } as unknown as Json)

/**
 * Throws REQUEST_INVALID (`note-key-statement`, `note-key`) unless the bytes are exactly a statement, and its key has
 * the origin as its name.
 */
export const parseNoteKeyStatement = (bytes: Uint8Array): NoteKeyStatement & { readonly key: NoteKey } => {
  const parsed = Statement.safeParse(parseCanonical(bytes))
  if (!parsed.success) throw refusedNote('note-key-statement')
  const { v: _format, ...statement } = parsed.data
  const key = parseNoteKey(statement.vkey)
  if (key.name !== statement.origin || !statement.origin.startsWith(`${statement.chain}/audit/`))
    throw refusedNote('note-key-statement')
  return { ...statement, key }
}

/** What the key-store key signs. */
export const noteKeySigningBytes = (statement: Uint8Array): Uint8Array => concatBytes(DOMAIN, statement)

/**
 * The statement, once one of `hsmKeys` was found to have signed it. Throws REQUEST_INVALID (`note-key-statement`,
 * `note-key-endorsement`).
 */
export const verifyNoteKeyStatement = (
  { statement, endorsement }: Endorsed,
  hsmKeys: readonly KnownHsmKey[],
  verify: VerifySignature,
): NoteKeyStatement & { readonly key: NoteKey } => {
  const parsed = parseNoteKeyStatement(statement)
  const endorser = hsmKeys.find((key) => key.keyId === parsed.endorsedBy)
  if (!endorser || !verify(endorser.spki, noteKeySigningBytes(statement), endorsement))
    throw refusedNote('note-key-endorsement')
  return parsed
}

/**
 * Follows key statements of kind `hsm` from keys trusted already: gives those and every key-store key they brought in,
 * one after the other. `trustedKeyIds` may name a key that endorsed itself, which is what an origin pins. A statement
 * that leads nowhere is passed over. Statements of another chain are refused. Throws REQUEST_INVALID.
 */
export const traceHsmKeys = (
  chain: string,
  statements: readonly Endorsed[],
  trustedKeyIds: readonly string[],
  verify: VerifySignature,
): readonly KnownHsmKey[] => {
  const read = statements.map(({ statement, endorsement }) => {
    const said = parseKeyStatement(statement)
    const spki = spkiOfStatement(said)
    const isOwn = said.chain === chain && keyIdOf(spki) === said.key && keyAlgorithmOf(spki) === said.algorithm
    if (!isOwn) throw refusedNote('key-statement')
    return { said, spki, statement, endorsement }
  })
  const known = new Map<string, Uint8Array>()
  for (const { said, spki } of read)
    if (trustedKeyIds.includes(said.key) && said.kind === 'hsm') known.set(said.key, spki)
  for (let found = true; found;) {
    found = false
    for (const { said, spki, statement, endorsement } of read) {
      const endorser = known.get(said.endorsedBy)
      if (known.has(said.key) || said.kind !== 'hsm' || !endorser) continue
      if (!verify(endorser, keySigningBytes(statement), endorsement)) throw refusedNote('key-endorsement')
      known.set(said.key, spki)
      found = true
    }
  }
  return [...known].map(([keyId, spki]) => ({ keyId, spki }))
}

/** The key-store key an origin pins: the one entry 0 announces. Throws REQUEST_INVALID (`origin`). */
export const rootKeyIdOf = (chain: string, origin: string): string => {
  const prefix = `${chain}/audit/`
  const keyId = origin.slice(prefix.length)
  if (!origin.startsWith(prefix) || decodeBase64url(keyId).length !== 32) throw refusedNote('origin')
  return keyId
}

export interface VerifiedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly text: string
  readonly statement: NoteKeyStatement
  readonly key: NoteKey
}

/**
 * A checkpoint, once it is shown that a note key signed it which a trusted key-store key bound to the checkpoint's
 * origin. `statements`: all there are of the chain, in any order; `trustedHsmKeys`: see `traceHsmKeys`. Throws
 * REQUEST_INVALID (`note`, `note-signature`, `checkpoint`, `note-key-endorsement`, `origin`).
 */
export const verifyCheckpointNote = (
  note: string,
  statements: readonly Endorsed[],
  trustedHsmKeys: readonly KnownHsmKey[],
  verify: VerifySignature,
): VerifiedCheckpoint => {
  const parsed = parseNote(note)
  const checkpoint = parseCheckpoint(parsed.text)
  for (const endorsed of statements) {
    const { key } = parseNoteKeyStatement(endorsed.statement)
    if (signaturesOf(parsed, key.name, noteKeyId(key)).length === 0) continue
    const { key: bound, ...statement } = verifyNoteKeyStatement(endorsed, trustedHsmKeys, verify)
    const text = verifyNote(note, bound, verify)
    if (checkpoint.origin !== statement.origin) throw refusedNote('origin')
    return { checkpoint, text, statement, key: bound }
  }
  throw refusedNote('note-signature')
}

/**
 * A note key as the verifier of a whole chain takes it. `publicKey` and `endorsedBy` are what a store says, the statement
 * is what was signed; they must say the same, or the key is bound to nothing.
 */
export const storedNoteKeyOf = (
  chain: string,
  publicKey: Uint8Array,
  endorsedBy: string,
  endorsed: Endorsed,
): StoredNoteKey => {
  const said = tryParse(endorsed.statement)
  const isSame = said?.chain === chain && said.endorsedBy === endorsedBy && sameBytes(said.key.publicKey, publicKey)
  return {
    key: { name: said?.origin ?? chain, publicKey },
    endorsedBy,
    isLinking: said?.links === true,
    isBound: (spki, verify) => isSame && verify(spki, noteKeySigningBytes(endorsed.statement), endorsed.endorsement),
  }
}

const tryParse = (statement: Uint8Array): ReturnType<typeof parseNoteKeyStatement> | null => {
  try {
    return parseNoteKeyStatement(statement)
  } catch {
    // Bytes that are no statement are a finding of the verifier, not its failure.
    return null
  }
}
