import {
  digest as digestOf,
  OID,
  type Certificate,
  type CertificateList,
  type HashName,
  type MessageImprint,
  type SignatureAlgorithm,
} from '../../../../shared/pki/index.ts'
import {
  addXadesArchiveTimeStamp,
  addXadesSignatureTimeStamp,
  addXadesValidationData,
  ContentHashes,
  signXmlDetached,
  signXmlEnveloped,
  xadesArchiveImprint,
  xadesHashFor,
  xadesSignatureImprint,
} from '../../../../shared/ades/index.ts'
import { certify, crlOf, LEAF_FIELDS, rootAuthority, subAuthority, testKey, type TestKey } from '../pki/authority.ts'
import { makeToken } from '../pki/tsa.ts'

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

export const CONTENT = encode('sequence,action\r\n1,card.issue\r\n')
export const DOCUMENT =
  '<?xml version="1.0" encoding="UTF-8"?>\n<export xmlns="urn:example:export" b="2" a="&lt;1&#9;">\n' +
  '  <entry xml:lang="it" Id="e1">caff\u00e8 &amp; \u{1f600}<![CDATA[ <raw> ]]></entry>\n  <n:x xmlns:n="urn:n" n:z="1" y="2"/>\n</export>\n'

export const contentHash = (content: Uint8Array = CONTENT) => {
  const hashes = new ContentHashes(['sha256', 'sha384', 'sha512'])
  hashes.update(content)
  return hashes.contentHash
}

interface Stamper {
  readonly key: TestKey
  readonly certificate: Certificate
}

/** A small trust service: a root, an issuing authority, a signer, and authorities for time, all good around `at`. */
export class TrustService {
  readonly at: Date
  readonly root: Awaited<ReturnType<typeof rootAuthority>>
  readonly sub: Awaited<ReturnType<typeof rootAuthority>>
  readonly key: TestKey
  readonly leaf: Certificate

  private static async make(at: Date, algorithm: SignatureAlgorithm, authority: SignatureAlgorithm) {
    const life = { notBefore: shift(at, -30), notAfter: shift(at, 1000) }
    const root = await rootAuthority(life, testKey(authority))
    const sub = await subAuthority(root, life, testKey(authority))
    const key = testKey(algorithm)
    const leaf = await certify(key, sub, { ...LEAF_FIELDS, ...life, notAfter: shift(at, 10) })
    return { at, root, sub, key, leaf }
  }

  static async open(
    at: Date,
    algorithm: SignatureAlgorithm = 'ecdsa-sha256',
    authority: SignatureAlgorithm = 'ecdsa-sha256',
  ): Promise<TrustService> {
    return new TrustService(await TrustService.make(at, algorithm, authority))
  }

  private constructor(parts: Awaited<ReturnType<typeof TrustService.make>>) {
    this.at = parts.at
    this.root = parts.root
    this.sub = parts.sub
    this.key = parts.key
    this.leaf = parts.leaf
  }

  day(count: number): Date {
    return shift(this.at, count)
  }

  get hash(): HashName {
    return xadesHashFor(this.key.algorithm)
  }

  get fields() {
    return {
      signer: this.key,
      certificate: this.leaf.der,
      chain: [this.sub.certificate.der],
      signingTime: this.at,
      id: 'S-1',
    }
  }

  detached(): Promise<Uint8Array> {
    const contentDigest = digestOf(this.hash, CONTENT)
    return signXmlDetached({ ...this.fields, uri: 'export.csv', mimeType: 'text/csv', contentDigest })
  }

  enveloped(document = DOCUMENT): Promise<Uint8Array> {
    return signXmlEnveloped({ ...this.fields, mimeType: 'text/xml', document: encode(document) })
  }

  async stamper(name: string, until: Date): Promise<Stamper> {
    const key = testKey('ecdsa-sha256')
    const certificate = await certify(key, this.root, {
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: [OID.timeStamping],
      extendedKeyUsageCritical: true,
      notBefore: shift(this.at, -30),
      notAfter: until,
      name,
    })
    return { key, certificate }
  }

  stamp({ key, certificate }: Stamper, { hash, digest: imprint }: MessageImprint, at: Date): Promise<Uint8Array> {
    const genTime = `${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
    return makeToken({ key, certificate, imprint, hash, genTime })
  }

  lists(day: number): Promise<CertificateList[]> {
    const times = { thisUpdate: this.day(day), nextUpdate: this.day(day + 2) }
    return Promise.all([crlOf(this.root, [], times), crlOf(this.sub, [], times)])
  }

  async values(day: number) {
    const certificates = [this.sub.certificate.der, this.root.certificate.der]
    return { certificates, crls: (await this.lists(day)).map(({ der }) => der), ocsp: [] }
  }

  /** B-B, B-T, B-LT, B-LTA, and renewed, of one signature. */
  async levels(basic: Uint8Array) {
    const first = await this.stamper('First time', this.day(30))
    const second = await this.stamper('Second time', this.day(60))
    const third = await this.stamper('Third time', this.day(900))
    const hashes = basic.length > 0 ? contentHash() : undefined
    const timed = addXadesSignatureTimeStamp(
      basic,
      await this.stamp(first, xadesSignatureImprint(basic, 'sha256'), this.at),
    )
    const lasting = addXadesValidationData(timed, await this.values(0))
    const archived = addXadesArchiveTimeStamp(
      lasting,
      await this.stamp(second, xadesArchiveImprint(lasting, 'sha512', hashes), this.day(20)),
    )
    const prepared = addXadesValidationData(archived, await this.values(20))
    const renewed = addXadesArchiveTimeStamp(
      prepared,
      await this.stamp(third, xadesArchiveImprint(prepared, 'sha256', hashes), this.day(50)),
    )
    return { basic, timed, lasting, archived, renewed, first, second, third }
  }
}

const shift = (at: Date, count: number): Date => new Date(at.getTime() + count * 86_400_000)

/** The reason of the refusal, `ok` where there was none; anything but an AdesError or PkiError goes through. */
export function verdict(act: () => unknown): string {
  try {
    act()
    return 'ok'
  } catch (error) {
    if (error instanceof Error && (error.name === 'AdesError' || error.name === 'PkiError')) {
      return (error as Error & { reason: string }).reason
    }
    throw error
  }
}
