import { PDFDocument, StandardFonts } from '@cantoo/pdf-lib'
import { initInternalCa, internalCaConfig, openInternalCa, type InternalCa } from '../../../../server/ca/index.ts'
import type { KeyStore } from '../../../../server/hsm/index.ts'
import { openSignatures, signingConfig, type SignaturesParts } from '../../../../server/signing/index.ts'
import { TimestampClient } from '../../../../server/timestamp/client.ts'
import { parseCertificate, parseCrl, type Certificate, type CertificateList } from '../../../../shared/pki/index.ts'
import { MemoryCaStore } from '../../../fakes/ca-store.ts'
import { TrustServices } from '../../../fakes/pki/trust-services.ts'

export const TSA = '/tsa'

export interface DeskOptions {
  readonly key?: { readonly label?: string; readonly algorithm?: string; readonly rsaPadding?: 'pkcs1' | 'pss' }
  /** Paths of time-stamping authorities, asked in this order. */
  readonly stampers?: readonly string[]
  readonly trustFile?: string
  readonly more?: Partial<SignaturesParts>
}

/** Our own CA over a key store, and authorities beside it over HTTP, all on one clock. */
export class SigningDesk {
  readonly store = new MemoryCaStore()
  readonly keys: KeyStore
  readonly services: TrustServices
  readonly ca: InternalCa

  private constructor(keys: KeyStore, services: TrustServices, store: MemoryCaStore, ca: InternalCa) {
    this.keys = keys
    this.services = services
    this.store = store
    this.ca = ca
  }

  static async open(keys: KeyStore, now = new Date()): Promise<SigningDesk> {
    const services = await TrustServices.open(now)
    await services.addStamper(TSA)
    const store = new MemoryCaStore()
    const config = internalCaConfig.parse({
      organization: 'Example Registry',
      country: 'IT',
      keyAlgorithm: 'ecdsa-p256',
      crlUrls: ['http://ca.example/issuing.crl'],
      caIssuerUrls: ['http://ca.example/issuing.cer'],
      rootCrlUrls: ['http://ca.example/root.crl'],
    })
    const parts = { config, keyStore: keys, store, now: () => services.now }
    await initInternalCa(parts)
    return new SigningDesk(keys, services, store, await openInternalCa(parts))
  }

  signatures({ key = {}, stampers = [TSA], trustFile, more = {} }: DeskOptions = {}) {
    const { services } = this
    const now = () => services.now
    const config = signingConfig.parse({
      key,
      ...(trustFile === undefined ? {} : { trustFile }),
      revocation: { hosts: [services.host], privateAddresses: true, timeoutMs: 2000 },
    })
    const authorities = stampers.map((path) => ({ url: services.url(path), anchors: [services.root.certificate] }))
    return openSignatures({
      config,
      keys: this.keys,
      ca: this.ca,
      findIssued: async (requestKey) => {
        const row = await this.store.findByRequest(requestKey)
        return row?.der ? { der: row.der } : null
      },
      stamps: new TimestampClient({ authorities, timeoutMs: 2000, now: () => now().getTime() }),
      subject: { commonName: 'Exports of test', organization: 'Example Registry', country: 'IT' },
      now,
      ...more,
    })
  }

  async root(): Promise<Certificate> {
    return parseCertificate((await this.ca.chain()).at(-1) as Uint8Array)
  }

  async lists(): Promise<CertificateList[]> {
    return (await this.ca.crls()).map(({ der }) => parseCrl(der))
  }

  close(): Promise<void> {
    return this.services.close()
  }
}

export async function smallPdf(pages = 2): Promise<Uint8Array> {
  const document = await PDFDocument.create()
  const font = await document.embedFont(StandardFonts.Helvetica)
  for (let page = 1; page <= pages; page++) {
    document.addPage([595, 842]).drawText(`Entries of the audit, page ${page}`, { x: 60, y: 760, size: 14, font })
  }
  return document.save()
}
