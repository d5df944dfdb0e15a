import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { AppError } from '../../shared/contract/errors.ts'
import { encodeBase64url } from '../../shared/audit/base64url.ts'
import { sameBytes } from '../../shared/audit/bytes.ts'
import { encodeNote, encodeNoteKey, noteKeyId } from '../../shared/audit/checkpoint.ts'
import type { NoteKey } from '../../shared/audit/checkpoint.ts'
import { keyIdOf } from '../../shared/audit/crypto.ts'
import { rawOfSpki, spkiOfNoteKey } from '../../shared/audit/note-key.ts'
import {
  NOTE_KEY_OBJECT,
  encodeNoteKeyStatement,
  noteKeySigningBytes,
  originOf,
  parseNoteKeyStatement,
} from '../../shared/audit/note-key-statement.ts'
import type { Opened } from '../db/open.ts'
import { listAuditKeys } from '../db/repositories/audit-chain.ts'
import { insertNoteKey, isEntry, listNoteKeys } from '../db/repositories/audit-checkpoints.ts'
import type { NoteKeyRecord } from '../db/repositories/audit-checkpoints.ts'
import type { AuditDb, OperationalDb } from '../db/schema.ts'
import { inTransaction } from '../db/transaction.ts'
import { rootKeyOf } from './chain-keys.ts'
import { noCheckpointFaults } from './checkpoint-ports.ts'
import type { CheckpointFaultPort, SealingStore } from './checkpoint-ports.ts'
import { recordIntent } from './intent.ts'
import { CHAIN_TENANT } from './link-maker.ts'
import type { AuditSequencer, AuditSigner } from './ports.ts'

/** Label of the key that seals the note keys' private halves. */
export const NOTE_WRAPPING_KEY = 'audit.note'
const SEED_BYTES = 32
/** RFC 8410: PKCS#8 of a raw Ed25519 private key. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The key that signs checkpoints now, in this process's memory until it ends. */
export interface CheckpointKey {
  readonly key: NoteKey
  /** A signed note of a checkpoint's text. */
  signNote(text: string): string
  /** Signs what `checkpointLinkBytes` gives. */
  signLink(bytes: Uint8Array): Uint8Array
}

export interface CheckpointKeysOptions {
  readonly audit: Opened<AuditDb>
  readonly operational: Opened<OperationalDb>
  readonly sequencer: AuditSequencer
  readonly chain: string
  /** The chain's key in force; it binds new note keys. Read for each: it may be rolled over. */
  readonly signer: AuditSigner
  readonly keys: SealingStore
  readonly now?: () => number
  readonly faults?: CheckpointFaultPort
}

const privateKeyOf = (seed: Uint8Array): KeyObject => {
  const pkcs8 = Buffer.concat([PKCS8_PREFIX, seed])
  try {
    return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  } finally {
    pkcs8.fill(0)
  }
}
const publicOf = (key: KeyObject): Uint8Array =>
  rawOfSpki(Uint8Array.from(createPublicKey(key).export({ format: 'der', type: 'spki' })))

const openKey = (key: NoteKey, privateKey: KeyObject): CheckpointKey => ({
  key,
  signNote: (text) => {
    const signature = Uint8Array.from(sign(null, Buffer.from(text, 'utf8'), privateKey))
    return encodeNote({ text, signatures: [{ name: key.name, keyId: noteKeyId(key), signature }] })
  },
  signLink: (bytes) => Uint8Array.from(sign(null, bytes, privateKey)),
})

const intentOf = ({ chain, keyId }: NoteKeyRecord): string => `note-key:${chain}:${keyId}`

/**
 * The chain's note keys. The private half is made of the key store's random octets and lies in the database sealed by
 * the key store. Order of writes, and what is true if the process dies after each:
 * 1. the key's row: sealed, stated and endorsed, but it has signed nothing; the next start announces it
 * 2. the announcement, through the sequencer as any entry, once for ever by its intent's id
 * 3. only then it signs
 */
export class CheckpointKeys {
  readonly #options: CheckpointKeysOptions
  readonly #faults: CheckpointFaultPort

  constructor(options: CheckpointKeysOptions) {
    this.#options = options
    this.#faults = options.faults ?? noCheckpointFaults
  }

  /** The newest key, made and announced if need be. Throws AUDIT_CHAIN_UNWRITABLE, SEALED_INVALID, HSM_UNAVAILABLE. */
  async open(): Promise<CheckpointKey> {
    const [newest] = await listNoteKeys(this.#options.audit.db, this.#options.chain)
    return newest ? this.#use(newest) : this.rotate()
  }

  /**
   * Brings in a new note key, bound by the chain's key in force; older ones still verify what they signed. Outside
   * witnesses know the log by its key: tell them of the new one first.
   */
  async rotate(): Promise<CheckpointKey> {
    const { audit } = this.#options
    const made = await this.#make()
    await this.#faults('before-note-key')
    await insertNoteKey(audit.db, made)
    await this.#faults('after-note-key')
    return this.#use(made)
  }

  async #use(record: NoteKeyRecord): Promise<CheckpointKey> {
    const { key } = parseNoteKeyStatement(record.statement)
    const seed = await this.#options.keys.unwrap(NOTE_WRAPPING_KEY, record.sealed)
    try {
      const privateKey = privateKeyOf(seed)
      // Whoever changed the row could else have us sign with a key that speaks for nobody.
      if (!sameBytes(publicOf(privateKey), key.publicKey)) throw new AppError('SEALED_INVALID', { reason: 'note-key' })
      await this.#announce(record, key)
      return openKey(key, privateKey)
    } finally {
      seed.fill(0)
    }
  }

  async #make(): Promise<NoteKeyRecord> {
    const { keys, chain, signer } = this.#options
    const root = rootKeyOf(signer)
    await keys.ensureWrappingKey(NOTE_WRAPPING_KEY)
    const origin = await this.#origin()
    const seed = await keys.random(SEED_BYTES)
    try {
      const key = { name: origin, publicKey: publicOf(privateKeyOf(seed)) }
      const createdAt = (this.#options.now ?? Date.now)()
      const described = {
        chain,
        origin,
        vkey: encodeNoteKey(key),
        endorsedBy: root.keyId,
        createdAt,
        links: true,
      } as const
      const statement = encodeNoteKeyStatement(described)
      return {
        chain,
        keyId: keyIdOf(spkiOfNoteKey(key)),
        publicKey: key.publicKey,
        sealed: await keys.wrap(NOTE_WRAPPING_KEY, seed),
        statement,
        endorsedBy: root.keyId,
        endorsement: await root.sign(noteKeySigningBytes(statement)),
        createdAt,
      }
    } finally {
      seed.fill(0)
    }
  }

  /** Named after the key entry 0 announced: the one key-store key that endorsed itself. */
  async #origin(): Promise<string> {
    const { audit, chain } = this.#options
    const keys = await listAuditKeys(audit.db, chain)
    const first = keys.find((key) => key.kind === 'hsm' && key.endorsedBy === key.keyId)
    if (!first) throw new AppError('CONFIG_INVALID', { reason: 'chain-missing', chain })
    return originOf(chain, first.keyId)
  }

  async #announce(record: NoteKeyRecord, key: NoteKey): Promise<void> {
    const { audit, operational, sequencer } = this.#options
    const id = intentOf(record)
    if (await isEntry(audit.db, id)) return
    sequencer.assertWritable()
    const objectId = `note-key:${Buffer.from(noteKeyId(key)).toString('hex')}`
    try {
      await inTransaction(operational.db, (trx) =>
        recordIntent(trx, {
          id,
          at: record.createdAt,
          tenant: CHAIN_TENANT,
          operator: null,
          station: null,
          action: 'KeyUse',
          object: { type: NOTE_KEY_OBJECT, id: objectId },
          correlationId: objectId,
          before: null,
          after: {
            name: key.name,
            statement: encodeBase64url(record.statement),
            endorsement: encodeBase64url(record.endorsement),
          },
          reason: null,
        }),
      )
    } catch (error) {
      // Written by a process that died before it was drained: wait for that one.
      if (!(error instanceof AppError) || error.code !== 'REQUEST_CONFLICT') throw error
    }
    await sequencer.settle([id])
    await this.#faults('after-announcement')
  }
}
