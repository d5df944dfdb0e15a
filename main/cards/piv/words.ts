import type { CardKeyAlgorithm, Slot } from '../../../shared/contract/words.ts'

/** Numbers of NIST SP 800-73-4 and SP 800-78-4 that this folder sends and reads. */
export const PIV_AID = Uint8Array.of(0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00)
/** Key references of part 1 table 4b. */
export const SLOT_REFERENCE: Readonly<Record<Slot, number>> = { '9A': 0x9a, '9C': 0x9c, '9D': 0x9d, '9E': 0x9e }
/** Certificate containers of part 1 table 3. */
export const CERTIFICATE_OBJECT: Readonly<Record<Slot, number>> = {
  '9A': 0x5fc105,
  '9C': 0x5fc10a,
  '9D': 0x5fc10b,
  '9E': 0x5fc101,
}
export const CHUID_OBJECT = 0x5fc102
export const DISCOVERY_OBJECT = 0x7e
export const SLOTS = ['9A', '9C', '9D', '9E'] as const satisfies readonly Slot[]
export const PIN_REFERENCE = 0x80
export const PUK_REFERENCE = 0x81
export const MANAGEMENT_REFERENCE = 0x9b
/** SP 800-78-4 table 6-2. */
export const KEY_ALGORITHM: Readonly<Record<CardKeyAlgorithm, number>> = {
  'rsa-2048': 0x07,
  'ecdsa-p256': 0x11,
  'ecdsa-p384': 0x14,
}

export type ManagementAlgorithm = '3des' | 'aes-128' | 'aes-192' | 'aes-256'
export const MANAGEMENT: Readonly<
  Record<
    ManagementAlgorithm,
    { readonly id: number; readonly cipher: string; readonly bytes: number; readonly block: number }
  >
> = {
  '3des': { id: 0x03, cipher: 'des-ede3-ecb', bytes: 24, block: 8 },
  'aes-128': { id: 0x08, cipher: 'aes-128-ecb', bytes: 16, block: 16 },
  'aes-192': { id: 0x0a, cipher: 'aes-192-ecb', bytes: 24, block: 16 },
  'aes-256': { id: 0x0c, cipher: 'aes-256-ecb', bytes: 32, block: 16 },
}
export const MANAGEMENT_ALGORITHMS = Object.keys(MANAGEMENT) as readonly ManagementAlgorithm[]

export const DEFAULT_PIN = '123456'
export const DEFAULT_PUK = '12345678'
/** The key makers ship, for any length: 01…08 over and over. Known to everyone; a card that has it is not protected. */
export function defaultManagementKey(algorithm: ManagementAlgorithm): Uint8Array {
  return Uint8Array.from({ length: MANAGEMENT[algorithm].bytes }, (_, i) => (i % 8) + 1)
}
