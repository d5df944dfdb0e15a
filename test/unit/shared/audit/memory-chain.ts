import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { encodeBase64url } from '../../../../shared/audit/base64url.ts'
import { sameBytes } from '../../../../shared/audit/bytes.ts'
import { encodeCheckpoint, encodeNote, encodeNoteKey, noteKeyId } from '../../../../shared/audit/checkpoint.ts'
import { createSignatureVerifier, keyAlgorithmOf, keyIdOf } from '../../../../shared/audit/crypto.ts'
import { CUT_OBJECT, cutIdOf, cutSigningBytes, encodeCut } from '../../../../shared/audit/cut.ts'
import type { CutState } from '../../../../shared/audit/cut.ts'
import { encodeEntry } from '../../../../shared/audit/entry.ts'
import type { Entry } from '../../../../shared/audit/entry.ts'
import type { Json } from '../../../../shared/audit/json.ts'
import { encodeKeyStatement, parseKeyStatement } from '../../../../shared/audit/key-statement.ts'
import { KEY_OBJECT } from '../../../../shared/audit/marks.ts'
import type { AuditKey, AuditKeyKind } from '../../../../shared/audit/key-statement.ts'
import { entrySigningBytes, genesisOf, keySigningBytes } from '../../../../shared/audit/link.ts'
import { PAYLOAD_OBJECT } from '../../../../shared/audit/marks.ts'
import { MerkleFrontier, leafHash } from '../../../../shared/audit/merkle.ts'
import {
  encodeNoteKeyStatement,
  noteKeySigningBytes,
  originOf,
  storedNoteKeyOf,
} from '../../../../shared/audit/note-key-statement.ts'
import type { SegmentPool } from '../../../../shared/audit/parallel.ts'
import { encodePayload, makePayload, newSalt, payloadDigest } from '../../../../shared/audit/payload.ts'
import { walkSegment } from '../../../../shared/audit/segment.ts'
import type {
  StoredChain,
  StoredCheckpoint,
  StoredCut,
  StoredEntry,
  StoredNoteKey,
} from '../../../../shared/audit/stored.ts'

export const CHAIN = 'node-1'

interface Pair {
  readonly keyId: string
  readonly spki: Uint8Array
  sign(data: Uint8Array): Uint8Array
}
export const pairOf = (type: 'ec' | 'ed25519'): Pair => {
  const made: { privateKey: KeyObject; publicKey: KeyObject } =
    type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }) : generateKeyPairSync('ed25519')
  const spki = Uint8Array.from(made.publicKey.export({ format: 'der', type: 'spki' }))
  const hash = type === 'ec' ? 'sha256' : null
  return { keyId: keyIdOf(spki), spki, sign: (data) => Uint8Array.from(sign(hash, data, made.privateKey)) }
}

export type Told = Partial<Pick<Entry, 'action' | 'object' | 'tenant'>> & { readonly after?: Json }

/** A chain in memory, written with the format's own parts, so that any piece of it can be taken out and changed. */
export class MemoryChain {
  readonly rows: StoredEntry[] = []
  readonly keys: AuditKey[] = []
  readonly checkpoints: StoredCheckpoint[] = []
  cut: StoredCut | null = null
  readonly noteKey: StoredNoteKey
  readonly noteStatement: { readonly statement: Uint8Array; readonly endorsement: Uint8Array }
  #root = pairOf('ec')
  readonly #first = this.#root
  #epoch: Pair | null = null
  readonly #note = pairOf('ed25519')
  readonly #tree = new MerkleFrontier()
  #previous = genesisOf(CHAIN)
  #sequence = 0

  constructor() {
    const origin = originOf(CHAIN, this.#first.keyId)
    const key = { name: origin, publicKey: this.#note.spki.slice(-32) }
    const endorsedBy = this.#first.keyId
    const said = { chain: CHAIN, origin, vkey: encodeNoteKey(key), endorsedBy, createdAt: 1 }
    const statement = encodeNoteKeyStatement(said)
    this.noteStatement = { statement, endorsement: this.#first.sign(noteKeySigningBytes(statement)) }
    this.noteKey = storedNoteKeyOf(CHAIN, key.publicKey, endorsedBy, this.noteStatement)
    this.#announce('hsm', this.#root)
  }

  get trustedKeyIds(): readonly string[] {
    return [this.#first.keyId]
  }

  get root(): Pair {
    return this.#root
  }

  append(told: Told = {}): StoredEntry {
    const { after = { sequence: this.#sequence }, ...rest } = told
    return this.#link(rest, after, this.#epoch ?? this.#root)
  }

  openEpoch(): void {
    this.#epoch = null
    const pair = pairOf('ed25519')
    this.#announce('epoch', pair)
    this.#epoch = pair
  }

  rollOver(): void {
    const next = pairOf('ec')
    this.#epoch = null
    this.#announce('hsm', next)
    this.#root = next
  }

  checkpoint(): StoredCheckpoint {
    const root = this.#tree.root()
    const { key } = this.noteKey
    const text = encodeCheckpoint({ origin: key.name, size: this.#tree.size, root })
    const signature = this.#note.sign(new TextEncoder().encode(text))
    const note = encodeNote({ text, signatures: [{ name: key.name, keyId: noteKeyId(key), signature }] })
    const made = { size: this.#tree.size, root, note }
    this.checkpoints.push(made)
    return made
  }

  erase(sequence: number): void {
    const place = this.rows.findIndex((row) => row.sequence === sequence)
    const row = this.rows[place]
    if (!row) throw new Error(`no entry ${sequence}`)
    const payloads = row.payloads.map((payload) => ({
      ...payload,
      salt: new Uint8Array(0),
      bytes: null,
      erasedAt: 1,
      erasedBy: 'x',
      erasedRule: 'y',
    }))
    this.rows[place] = { ...row, payloads }
  }

  /** The tombstone of what was erased in a range, which then has its time. */
  bury(from: number, to = from): void {
    const id = from === to ? String(from) : `${from}-${to}`
    const { at } = this.append({
      action: 'Deletion',
      object: { type: PAYLOAD_OBJECT, id },
      after: { by: 'x', rule: 'y' },
    })
    for (const [place, row] of this.rows.entries()) {
      const [payload] = row.payloads
      if (row.sequence < from || row.sequence > to || payload?.bytes !== null) continue
      this.rows[place] = { ...row, payloads: [{ ...payload, erasedAt: at }] }
    }
  }

  /** Announces the cut, then removes what lies before it. */
  cutAt(state: CutState, announce = true): void {
    const checkpoint = this.checkpoints.find(({ size }) => size === state.size)
    const text = checkpoint ? checkpoint.note.slice(0, checkpoint.note.lastIndexOf('\n\n') + 1) : null
    const signedBy = this.#root.keyId
    const statement = encodeCut({ ...state, checkpoint: text, at: 5, by: null, rule: 'window', signedBy })
    const after = { statement: encodeBase64url(statement) }
    if (announce) this.append({ action: 'Deletion', object: { type: CUT_OBJECT, id: cutIdOf(statement) }, after })
    const signature = this.#root.sign(cutSigningBytes(statement))
    this.cut = { size: state.size, statement, signature, note: checkpoint?.note ?? null }
    this.rows.splice(
      0,
      this.rows.findIndex((row) => row.sequence === state.size),
    )
    const kept = this.keys.filter(
      (key) => state.keys.includes(key.keyId) || this.rows.some((row) => row.objectId === key.keyId),
    )
    this.keys.splice(0, this.keys.length, ...kept)
    this.checkpoints.splice(0, this.checkpoints.length, ...this.checkpoints.filter(({ size }) => size >= state.size))
  }

  stored(changes: Partial<StoredChain> & { readonly rows?: readonly StoredEntry[] } = {}): StoredChain {
    const { rows = this.rows, ...rest } = changes
    const { checkpoints } = this
    return {
      chain: CHAIN,
      head: { sequence: this.#sequence - 1, signature: this.#previous, frontier: this.#tree.toBytes() },
      keys: [...this.keys],
      cut: this.cut,
      noteKeys: [this.noteKey],
      entries: entriesOf(rows),
      checkpoints: checkpointsOf(checkpoints),
      ...rest,
    }
  }

  #announce(kind: AuditKeyKind, pair: Pair): void {
    const { keyId, spki } = pair
    const algorithm = keyAlgorithmOf(spki) ?? 'ed25519'
    const described = { keyId, spki, chain: CHAIN, kind, algorithm, label: null, certificate: null }
    const key = { ...described, endorsedBy: this.#root.keyId, createdAt: 1 }
    const statement = encodeKeyStatement(key)
    const endorsement = this.#root.sign(keySigningBytes(statement))
    this.keys.push({ ...key, statement, endorsement })
    const tree = { size: this.#tree.size, root: encodeBase64url(this.#tree.root()) }
    const after = { statement: parseKeyStatement(statement), endorsement: encodeBase64url(endorsement), tree }
    this.#link({ action: 'KeyUse', object: { type: KEY_OBJECT, id: keyId } }, after as unknown as Json, this.#root)
  }

  #link(told: Omit<Told, 'after'>, after: Json, pair: Pair): StoredEntry {
    const sequence = this.#sequence
    const salt = newSalt()
    const payload = encodePayload(makePayload(null, after, null))
    const entry: Entry = {
      chain: CHAIN,
      sequence,
      at: 1_700_000_000_000 + sequence,
      tenant: 'tenant-1',
      division: null,
      office: 'office-1',
      operator: sequence % 2 === 0 ? null : { id: 'operator-1', role: 'RO', office: null },
      station: null,
      action: 'Insertion',
      object: { type: 'holder', id: `holder-${sequence}` },
      correlationId: 'request-1',
      intent: `intent-${sequence}`,
      key: pair.keyId,
      payload: payloadDigest(salt, payload),
      previous: this.#previous,
      ...told,
    }
    const bytes = encodeEntry(entry)
    const signature = pair.sign(entrySigningBytes(bytes))
    const row = rowOf(entry, bytes, signature, { salt, bytes: payload })
    this.rows.push(row)
    this.#tree.append(leafHash(bytes))
    this.#previous = signature
    this.#sequence += 1
    return row
  }
}

const rowOf = (
  entry: Entry,
  bytes: Uint8Array,
  signature: Uint8Array,
  payload: { readonly salt: Uint8Array; readonly bytes: Uint8Array },
): StoredEntry => ({
  chain: entry.chain,
  sequence: entry.sequence,
  bytes,
  signature,
  previousSignature: entry.previous,
  keyId: entry.key,
  intentId: entry.intent,
  at: entry.at,
  tenant: entry.tenant,
  division: entry.division,
  office: entry.office,
  operatorId: entry.operator?.id ?? null,
  operatorRole: entry.operator?.role ?? null,
  station: entry.station,
  action: entry.action,
  objectType: entry.object.type,
  objectId: entry.object.id,
  correlationId: entry.correlationId,
  payloads: [{ ...payload, erasedAt: null, erasedBy: null, erasedRule: null }],
})

export const entriesOf = (rows: readonly StoredEntry[], batch = 7): StoredChain['entries'] =>
  async function* (from) {
    const wanted = rows.filter((row) => row.sequence >= from)
    for (let place = 0; place < wanted.length; place += batch) {
      await Promise.resolve()
      yield wanted.slice(place, place + batch)
    }
  }

export const checkpointsOf = (checkpoints: readonly StoredCheckpoint[]): NonNullable<StoredChain['checkpoints']> =>
  async function* (from) {
    await Promise.resolve()
    yield checkpoints.filter(({ size }) => size >= from)
  }

/** Walks segments of the same chain in this thread. */
export const poolOver = (stored: StoredChain): SegmentPool => {
  const keys = new Map(stored.keys.map((key) => [key.keyId, key]))
  const verify = createSignatureVerifier()
  const rows = async function* (from: number, to: number) {
    for await (const batch of stored.entries(from)) {
      yield batch.filter((row) => row.sequence < to).map((row) => ({ ...row, previousCopy: row.previousSignature }))
    }
  }
  const source = { rows, isCopyOf: sameBytes }
  return { size: 2, run: (task) => walkSegment(task, source, keys, verify) }
}
