import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { encodeCheckpoint, encodeNote, encodeNoteKey, noteKeyId } from '../../../shared/audit/checkpoint.ts'
import { keyIdOf } from '../../../shared/audit/crypto.ts'
import { encodeKeyStatement } from '../../../shared/audit/key-statement.ts'
import { keySigningBytes } from '../../../shared/audit/link.ts'
import { consistencyProof, leafHash, rangeHashOf } from '../../../shared/audit/merkle.ts'
import { rawOfSpki, toBase64, type NoteKey } from '../../../shared/audit/note-key.ts'
import { encodeNoteKeyStatement, noteKeySigningBytes, originOf } from '../../../shared/audit/note-key-statement.ts'
import type { CheckpointView } from '../../../shared/contract/routes/audit-witness.ts'

interface Pair {
  secret: KeyObject
  spki: Uint8Array
  id: string
}
interface Signed {
  statement: string
  endorsement: string
}
const makePair = (): Pair => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const spki = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }))
  return { secret: privateKey, spki, id: keyIdOf(spki) }
}
const endorsed = (statement: Uint8Array, message: Uint8Array, by: Pair): Signed => ({
  statement: Buffer.from(statement).toString('base64url'),
  endorsement: sign(null, message, by.secret).toString('base64url'),
})

/**
 * The audit of a server that may lie: real trees, real keys, real notes. Entries are names; what the operator of the
 * server does with them is up to the test, the real keys included.
 */
export class FakeChain {
  readonly chain: string
  entries: string[] = []
  readonly origin: string
  #hsm: Pair = makePair()
  #note: { pair: Pair; key: NoteKey }
  readonly hsmKeys: Signed[] = []
  readonly noteKeys: Signed[] = []

  constructor(chain: string, entries = 0) {
    this.chain = chain
    this.origin = originOf(chain, this.#hsm.id)
    this.#addHsm(this.#hsm, this.#hsm)
    this.#note = this.#makeNoteKey()
    this.append(entries)
  }

  append(count: number, prefix = 'entry'): this {
    for (let left = count; left > 0; left--) this.entries.push(`${prefix} ${this.entries.length}`)
    return this
  }
  /** A new note key, bound by the key-store key in force. */
  rollNoteKey(): this {
    this.#note = this.#makeNoteKey()
    return this
  }
  /** A new key-store key, brought in by the old one, and a note key of it. */
  rollHsmKey(): this {
    const next = makePair()
    this.#addHsm(next, this.#hsm)
    this.#hsm = next
    return this.rollNoteKey()
  }
  /** A note key of somebody who has no key of the key store. */
  useForeignKey(says: 'nothing' | 'itself'): this {
    this.#note = this.#makeNoteKey(makePair())
    if (says === 'nothing') this.noteKeys.shift()
    return this
  }

  view(more: Partial<CheckpointView> = {}): CheckpointView {
    const size = this.entries.length
    const root = this.#hash()(0, size)
    const text = encodeCheckpoint({ origin: this.origin, size, root })
    const { pair, key } = this.#note
    const signature = new Uint8Array(sign(null, Buffer.from(text), pair.secret))
    return {
      chain: this.chain,
      origin: this.origin,
      size,
      root: toBase64(root),
      time: 1_800_000_000_000,
      note: encodeNote({ text, signatures: [{ name: key.name, keyId: noteKeyId(key), signature }] }),
      vkey: encodeNoteKey(key),
      binding: { noteKeys: [...this.noteKeys], hsmKeys: [...this.hsmKeys] },
      stamped: null,
      ...more,
    }
  }
  prove(from: number, to: number): string[] {
    return consistencyProof(this.#hash(), from, to).map(toBase64)
  }

  #hash() {
    return rangeHashOf(this.entries.map((entry) => leafHash(Buffer.from(entry))))
  }
  #addHsm(key: Pair, by: Pair): void {
    const described = {
      keyId: key.id,
      chain: this.chain,
      kind: 'hsm',
      algorithm: 'ed25519',
      label: null,
      spki: key.spki,
      certificate: null,
      endorsedBy: by.id,
      createdAt: 0,
    } as const
    const statement = encodeKeyStatement(described)
    this.hsmKeys.push(endorsed(statement, keySigningBytes(statement), by))
  }
  #makeNoteKey(by = this.#hsm) {
    const pair = makePair()
    const key = { name: this.origin, publicKey: rawOfSpki(pair.spki) }
    const said = { chain: this.chain, origin: this.origin, vkey: encodeNoteKey(key), endorsedBy: by.id, createdAt: 0 }
    const statement = encodeNoteKeyStatement(said)
    this.noteKeys.unshift(endorsed(statement, noteKeySigningBytes(statement), by))
    return { pair, key }
  }
}
