import { join } from 'node:path'
import { initInternalCa, internalCaConfig, openInternalCa, type InternalCa } from '../../../../server/ca/index.ts'
import { initSoftwareStore, openKeyStore, type KeyStore } from '../../../../server/hsm/index.ts'
import { parseCertificate, parseCrl, signCsr, verifyPath, type Certificate } from '../../../../shared/pki/index.ts'
import { MemoryCaStore } from '../../../fakes/ca-store.ts'
import { testKey, type TestKey } from '../../shared/pki/authority.ts'
import { temporaryFolder } from '../hsm/folders.ts'

export const START = new Date('2026-11-22T12:00:00.500Z')

export const CONFIG = internalCaConfig.parse({
  organization: 'Example Registry',
  country: 'IT',
  keyAlgorithm: 'ecdsa-p256',
  crlUrls: ['http://ca.example/issuing.crl'],
  caIssuerUrls: ['http://ca.example/issuing.cer'],
  rootCrlUrls: ['http://ca.example/root.crl'],
  policies: ['1.3.6.1.4.1.99999.1.1'],
})

/** A CA over files and memory, with a clock that is set. */
export class CaDesk {
  readonly store = new MemoryCaStore()
  readonly keyStore: KeyStore
  readonly folder: string
  now = START
  #remove: () => Promise<void>

  private constructor(keyStore: KeyStore, folder: string, remove: () => Promise<void>) {
    this.keyStore = keyStore
    this.folder = folder
    this.#remove = remove
  }

  static async make(): Promise<CaDesk> {
    const { path, remove } = await temporaryFolder()
    const place = { folder: join(path, 'keys'), passphraseFile: join(path, 'pass') }
    await initSoftwareStore(place)
    return new CaDesk(await openKeyStore({ kind: 'software', ...place }), path, remove)
  }

  get parts() {
    return { config: CONFIG, keyStore: this.keyStore, store: this.store, now: () => this.now }
  }

  async open(): Promise<InternalCa> {
    await initInternalCa(this.parts)
    return openInternalCa(this.parts)
  }

  async close(): Promise<void> {
    await this.keyStore.close()
    await this.#remove()
  }
}

export const csrOf = (key: TestKey, commonName = 'asked for'): Promise<Uint8Array> =>
  signCsr({ subject: [{ type: 'CN', value: commonName }], spki: key.spki }, key)

export const newCsr = (): Promise<Uint8Array> => csrOf(testKey('ecdsa-sha256'))

export async function pathOf(ca: InternalCa, der: Uint8Array, at: Date): Promise<readonly Certificate[]> {
  const [issuing, root] = (await ca.chain()).map(parseCertificate)
  const crls = (await ca.crls()).map((crl) => parseCrl(crl.der))
  const anchors = [root as Certificate]
  const intermediates = [issuing as Certificate]
  return verifyPath({ leaf: parseCertificate(der), intermediates, anchors, at, revocation: 'require', crls }).path
}
