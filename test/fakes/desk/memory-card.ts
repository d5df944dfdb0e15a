import { type CardKeyAlgorithm, type CardOnReader, type Slot } from '../../../shared/contract/index.ts'
import { parseCertificate } from '../../../shared/pki/index.ts'
import { makePair, type Pair, type TestAuthority } from './authority.ts'

const TRIES = 3
export const MAKER = { pin: '123456', puk: '12345678', managementKey: '00'.repeat(16) } as const

/** What a PIV card holds, without APDUs: keys are real, everything else is a field. */
export class MemoryCard {
  readonly serial: string
  pin: string = MAKER.pin
  puk: string = MAKER.puk
  managementKey: string = MAKER.managementKey
  pinTries = TRIES
  pukTries = TRIES
  guid: string | null = null
  expiresOn: string | null = null
  readonly keys = new Map<Slot, Pair>()
  readonly certificates = new Map<Slot, Uint8Array>()
  keysMade = 0
  constructor(serial: string) {
    this.serial = serial
  }
  static async ofOperator(
    serial: string,
    name: string,
    authority: TestAuthority,
    algorithm: CardKeyAlgorithm = 'ecdsa-p256',
  ) {
    const card = new MemoryCard(serial)
    card.pin = '246810'
    for (const slot of ['9A', '9C'] as const) {
      const pair = makePair(algorithm)
      card.keys.set(slot, pair)
      card.certificates.set(slot, (await authority.issue(pair.spki, name)).der)
    }
    return card
  }
  get isBlank(): boolean {
    return this.certificates.size === 0 && this.pin === MAKER.pin
  }
  makeKey(slot: Slot, algorithm: CardKeyAlgorithm): Uint8Array {
    const pair = makePair(algorithm)
    this.keys.set(slot, pair)
    this.keysMade += 1
    return pair.spki
  }
  wipe(): void {
    this.keys.clear()
    this.certificates.clear()
    Object.assign(this, { ...MAKER, pinTries: TRIES, pukTries: TRIES, guid: null, expiresOn: null })
  }
  view(): CardOnReader {
    return {
      serial: this.serial,
      guid: this.guid,
      expiresOn: this.expiresOn,
      kind: 'test',
      pinTries: this.pinTries,
      pinTriesMax: TRIES,
      pukTries: this.pukTries,
      pukTriesMax: TRIES,
      blank: this.isBlank,
      certificates: [...this.certificates].map(([slot, der]) => {
        const { subject, issuer, serial, notBefore, notAfter } = parseCertificate(der)
        return {
          slot,
          der: Buffer.from(der).toString('base64'),
          subject: subject.text,
          commonName: subject.commonName,
          issuer: issuer.text,
          serial,
          notBefore: notBefore.getTime(),
          notAfter: notAfter.getTime(),
        }
      }),
    }
  }
}
