import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { encodeSignatureLine } from '../../shared/audit/checkpoint.ts'
import {
  cosignatureMessage,
  encodeWitnessKey,
  makeCosignature,
  type WitnessKey,
} from '../../shared/audit/cosignature.ts'
import { rawOfSpki } from '../../shared/audit/note-key.ts'
import type { WitnessStore } from './witness-ports.ts'

/** This desk's key as a witness: Ed25519, made on first use, kept sealed in the local store alone. */
export class WitnessSigner {
  readonly #secret: KeyObject
  readonly #key: WitnessKey

  private constructor(secret: KeyObject, station: string) {
    this.#secret = secret
    const spki = createPublicKey(secret).export({ type: 'spki', format: 'der' })
    this.#key = { name: `station/${station}`, publicKey: rawOfSpki(Uint8Array.from(spki)) }
  }

  static open(store: WitnessStore, station: string): WitnessSigner {
    const kept = store.readKey()
    if (kept !== null) {
      const secret = createPrivateKey({ key: Buffer.from(kept), format: 'der', type: 'pkcs8' })
      kept.fill(0)
      return new WitnessSigner(secret, station)
    }
    const { privateKey } = generateKeyPairSync('ed25519')
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
    store.writeKey(pkcs8)
    pkcs8.fill(0)
    return new WitnessSigner(privateKey, station)
  }

  /** C2SP vkey of type 0x04. */
  get vkey(): string {
    return encodeWitnessKey(this.#key)
  }

  /**
   * C2SP tlog-cosignature v1 of a checkpoint's text, as one signature line. It says that this is the largest tree seen,
   * and extends all seen before: call it only with what is kept, after it was kept.
   */
  cosign(text: string, nowMs: number): string {
    const time = Math.floor(nowMs / 1000)
    return encodeSignatureLine(
      makeCosignature(this.#key, time, sign(null, cosignatureMessage(time, text), this.#secret)),
    )
  }
}
