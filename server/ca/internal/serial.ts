import { toHex } from '../../../shared/pki/index.ts'
import type { KeyStore } from '../../hsm/index.ts'

/** 128 bits from the key store's generator (RFC 5280 4.1.2.2: positive, at most 20 octets), lower-case hex. */
export async function newSerial(keyStore: KeyStore): Promise<string> {
  const serial = toHex(await keyStore.random(16)).replace(/^(00)+/, '')
  return serial === '' ? newSerial(keyStore) : serial
}
