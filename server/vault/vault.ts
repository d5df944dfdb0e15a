import { randomUUID } from 'node:crypto'
import {
  AppError,
  SEALED_HEADER,
  SealedContent,
  type PublicJwk,
  type SealedUse,
  type SecretKind,
} from '../../shared/contract/index.ts'
import { newId } from '../db/index.ts'
import type { OperationalDatabase, OperationalTransaction } from '../db/schema.ts'
import { destroyCode, findLiveCode, insertCode, markCode, type StoredCode } from '../db/repositories/secret-codes.ts'
import type { KeyStore } from '../hsm/signer.ts'
import { makeDigits, makeManagementKey } from './codes.ts'
import { openCode, sealCode, WRAPPING_KEY } from './envelope.ts'

/** Tells one audit entry in the running transaction; structurally `Tell` of server/services. */
export type TellCode = (told: {
  readonly action: 'Insertion' | 'Modification' | 'Disclosure'
  readonly object: { readonly type: 'secret-code'; readonly id: string }
  readonly before?: CodeSnapshot | null
  readonly after?: CodeSnapshot | null
  readonly reason?: string | null
  readonly place?: { readonly division: string | null; readonly office: string | null }
}) => Promise<void>

/** What an audit entry says of a code: everything but the code. */
export type CodeSnapshot = {
  readonly id: string
  readonly name: string
  readonly kind: string
  readonly ownerKind: string
  readonly ownerId: string
  readonly state: string
}

export interface CodeOwner {
  readonly tenant: string
  readonly cardId: string
  readonly cardSerial: string
  /** How the audit calls whose codes they are. */
  readonly name: string
  readonly division: string | null
  readonly office: string | null
}

/** A disclosure that is recorded but has not left yet: `seal` after the change was settled. */
export interface Disclosure {
  seal(): Promise<string>
}

const KINDS: readonly SecretKind[] = ['pin', 'puk', 'management-key']
const VALUE_OF = { pin: 'pin', puk: 'puk', 'management-key': 'managementKey' } as const

const snapshot = (owner: CodeOwner, code: StoredCode, state: string = code.state): CodeSnapshot => ({
  id: code.id,
  name: `${owner.name} · ${code.kind}`,
  kind: code.kind,
  ownerKind: code.owner_kind,
  ownerId: code.owner_id,
  state,
})

/**
 * The codes of cards. Clear codes exist in this process between `openCode` and the seal to a card worker's key, and
 * never in a store, a log, an entry or an answer.
 */
export class Vault {
  readonly #keys: KeyStore

  constructor(keys: KeyStore) {
    this.#keys = keys
  }

  /** Makes the wrapping key when there is none. */
  ready(): Promise<void> {
    return this.#keys.ensureWrappingKey(WRAPPING_KEY)
  }

  /** Seals new codes outside any transaction (the key store may be slow); `keepCodes` stores them. */
  async makeCodes(owner: CodeOwner): Promise<readonly StoredCode[]> {
    const random = (bytes: number) => this.#keys.random(bytes)
    const made: StoredCode[] = []
    for (const kind of KINDS) {
      const code = kind === 'management-key' ? await makeManagementKey(random) : await makeDigits(random)
      const id = newId('code')
      const bound = { id, kind, ownerKind: 'card', ownerId: owner.cardSerial, tenant: owner.tenant }
      const envelope = await sealCode(this.#keys, bound, code)
      made.push({
        id,
        tenant: owner.tenant,
        division: owner.division,
        office: owner.office,
        kind,
        owner_kind: 'card',
        owner_id: owner.cardSerial,
        card_id: owner.cardId,
        state: 'stored',
        wrapped_data_key: envelope.wrappedDataKey,
        wrapping_key_label: WRAPPING_KEY,
        nonce: envelope.nonce,
        ciphertext: envelope.ciphertext,
        tag: envelope.tag,
      })
    }
    return made
  }

  async keepCodes(
    trx: OperationalTransaction,
    tell: TellCode,
    owner: CodeOwner,
    codes: readonly StoredCode[],
    at: number,
  ): Promise<void> {
    for (const code of codes) {
      await insertCode(trx, code, at)
      const object = { type: 'secret-code', id: code.id } as const
      await tell({ action: 'Insertion', object, after: snapshot(owner, code), place: code })
    }
  }

  async hasCodes(db: OperationalDatabase | OperationalTransaction, tenant: string, cardId: string): Promise<boolean> {
    return (await findLiveCode(db, tenant, cardId, 'management-key')) !== null
  }

  /**
   * Records that these codes of a card will be shown to the card worker with key `to`, with one audit entry each, in
   * the transaction given. Nothing leaves before `seal()` is called, which must be after the change was settled.
   * Throws VAULT_CODE_NOT_FOUND.
   */
  async disclose(
    trx: OperationalTransaction,
    tell: TellCode,
    request: {
      readonly owner: CodeOwner
      readonly kinds: readonly SecretKind[]
      readonly use: SealedUse
      readonly to: PublicJwk
      readonly reason: string
    },
  ): Promise<Disclosure> {
    const { owner, kinds, reason } = request
    const codes: StoredCode[] = []
    for (const kind of kinds) {
      const code = await findLiveCode(trx, owner.tenant, owner.cardId, kind)
      if (!code) throw new AppError('VAULT_CODE_NOT_FOUND', { kind })
      codes.push(code)
      const object = { type: 'secret-code', id: code.id } as const
      await tell({ action: 'Disclosure', object, after: snapshot(owner, code), reason, place: code })
    }
    return { seal: () => this.#seal(codes, request.use, owner, request.to) }
  }

  async #seal(codes: readonly StoredCode[], use: SealedUse, owner: CodeOwner, to: PublicJwk): Promise<string> {
    const values: Record<string, string> = {}
    for (const code of codes) values[VALUE_OF[code.kind]] = await this.#open(code, owner)
    const content: SealedContent = SealedContent.parse({ use, jti: randomUUID(), card: owner.cardSerial, values })
    // Loaded with the first disclosure: no start waits for it.
    const { CompactEncrypt, importJWK } = await import('jose')
    const key = await importJWK({ kty: to.kty, crv: to.crv, x: to.x, y: to.y }, SEALED_HEADER.alg).catch(
      (cause: unknown) => {
        throw new AppError('REQUEST_INVALID', { reason: 'worker-key' }, { cause })
      },
    )
    const plain = Buffer.from(JSON.stringify(content), 'utf8')
    try {
      return await new CompactEncrypt(plain).setProtectedHeader({ ...SEALED_HEADER }).encrypt(key)
    } finally {
      plain.fill(0)
    }
  }

  /** Bound to the card it was asked for, not to the one its row names: a row given to another card does not open. */
  #open(code: StoredCode, { cardSerial, tenant }: CodeOwner): Promise<string> {
    const { wrapped_data_key, nonce, ciphertext, tag } = code
    if (!wrapped_data_key || !nonce || !ciphertext || !tag)
      throw new AppError('VAULT_CODE_NOT_FOUND', { kind: code.kind })
    const bound = { id: code.id, kind: code.kind, ownerKind: 'card', ownerId: cardSerial, tenant }
    return openCode(this.#keys, bound, { wrappedDataKey: wrapped_data_key, nonce, ciphertext, tag })
  }

  /** One code of a card has reached who it was for; it stays in the vault. Repeated, it changes nothing. */
  async deliver(
    trx: OperationalTransaction,
    tell: TellCode,
    owner: CodeOwner,
    kind: SecretKind,
    at: number,
  ): Promise<void> {
    const code = await findLiveCode(trx, owner.tenant, owner.cardId, kind)
    if (!code || code.state === 'delivered') return
    await markCode(trx, code, 'delivered', at)
    const object = { type: 'secret-code', id: code.id } as const
    await tell({
      action: 'Modification',
      object,
      before: snapshot(owner, code),
      after: snapshot(owner, code, 'delivered'),
      place: code,
    })
  }

  /** Destroys codes for good: what opened them is overwritten. */
  async destroy(
    trx: OperationalTransaction,
    tell: TellCode,
    owner: CodeOwner,
    kinds: readonly SecretKind[],
    reason: string,
    at: number,
  ): Promise<void> {
    for (const kind of kinds) {
      const code = await findLiveCode(trx, owner.tenant, owner.cardId, kind)
      if (!code) continue
      await destroyCode(trx, code, at)
      const object = { type: 'secret-code', id: code.id } as const
      await tell({
        action: 'Modification',
        object,
        before: snapshot(owner, code),
        after: snapshot(owner, code, 'destroyed'),
        reason,
        place: code,
      })
    }
  }
}
