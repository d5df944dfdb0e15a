import { generateKeyPairSync, sign } from 'node:crypto'
import { encodeSignatureLine, parseNote } from '../../../shared/audit/checkpoint.ts'
import {
  cosignatureMessage,
  encodeWitnessKey,
  makeCosignature,
  type WitnessKey,
} from '../../../shared/audit/cosignature.ts'
import { rawOfSpki } from '../../../shared/audit/note-key.ts'
import type { CheckpointView } from '../../../shared/contract/routes/audit-witness.ts'

/** The witness key of a desk at that station; `cosign`: what such a desk sends for a checkpoint. `time` in seconds. */
export const deskWitness = (station: string) => {
  const pair = generateKeyPairSync('ed25519')
  const publicKey = rawOfSpki(Uint8Array.from(pair.publicKey.export({ format: 'der', type: 'spki' })))
  const key: WitnessKey = { name: `station/${station}`, publicKey }
  const vkey = encodeWitnessKey(key)
  const cosign = (view: Pick<CheckpointView, 'size' | 'note'>, time = Math.floor(Date.now() / 1000)) => {
    const message = cosignatureMessage(time, parseNote(view.note).text)
    const line = encodeSignatureLine(makeCosignature(key, time, Uint8Array.from(sign(null, message, pair.privateKey))))
    return { size: view.size, vkey, cosignature: line }
  }
  return { key, vkey, cosign }
}
