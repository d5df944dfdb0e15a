import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import type { Slot } from '../../../shared/contract/index.ts'
import { signCsr, signData, type ExternalSigner } from '../../../shared/pki/index.ts'

interface SoftKey {
  readonly privateKey: KeyObject
  readonly spki: Uint8Array
}

/** A card for tests without cards: P-256 keys in memory that sign what a card would sign. */
export class SoftCard {
  readonly serial: string
  readonly #keys = new Map<Slot, SoftKey>()
  readonly #certificates = new Map<Slot, Uint8Array>()

  constructor(serial: string, slots: readonly Slot[] = ['9A', '9C']) {
    this.serial = serial
    for (const slot of slots) this.generate(slot)
  }

  /** A new key pair in the slot, as GENERATE ASYMMETRIC KEY PAIR. */
  generate(slot: Slot): void {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#keys.set(slot, { privateKey, spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })) })
  }

  #key(slot: Slot): SoftKey {
    const key = this.#keys.get(slot)
    if (!key) throw new Error(`no key in ${slot}`)
    return key
  }

  signer(slot: Slot): ExternalSigner {
    const { privateKey } = this.#key(slot)
    return {
      algorithm: 'ecdsa-sha256',
      sign: (data) => Promise.resolve(new Uint8Array(sign('sha256', data, privateKey))),
    }
  }

  csr(slot: Slot): Promise<Uint8Array> {
    const fields = { subject: [{ type: 'CN' as const, value: this.serial }], spki: this.#key(slot).spki }
    return signCsr(fields, this.signer(slot))
  }

  write(slot: Slot, der: Uint8Array): void {
    this.#certificates.set(slot, der)
  }

  certificate(slot: Slot): Uint8Array {
    const der = this.#certificates.get(slot)
    if (!der) throw new Error(`no certificate in ${slot}`)
    return der
  }

  /** CAdES as the desk makes it. */
  sign(slot: Slot, content: Uint8Array, detached: boolean, signingTime = new Date()): Promise<Uint8Array> {
    return signData({ content, detached, signer: this.signer(slot), certificate: this.certificate(slot), signingTime })
  }
}
