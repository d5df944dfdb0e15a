import { createHash, createPrivateKey } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  addArchiveTimeStamp,
  addSignatureTimeStamp,
  addValidationData,
  buildTimeStampRequest,
  decodePem,
  encodePem,
  parseCertificate,
  prepareArchiveTimeStamp,
  signatureImprint,
  signCrl,
  signData,
  verifyCades,
  verifyTimeStampResponse,
  type HashName,
  type MessageImprint,
  type SignatureAlgorithm,
} from '../../../shared/pki/index.ts'
import { describeWith } from '../../parts.ts'
import {
  certify,
  crlOf,
  LEAF_FIELDS,
  rootAuthority,
  signWith,
  subAuthority,
  testKey,
} from '../../unit/shared/pki/authority.ts'
import { OpensslFolder } from './openssl.ts'

const folder = new OpensslFolder()
afterAll(() => folder.remove())

const day = (count: number) => new Date(Date.now() + count * 86_400_000)
const LIFE = { notBefore: day(-1), notAfter: day(30) }
const nonce = Uint8Array.of(0x9a, 1, 2, 3, 4, 5, 6, 7)
const content = new TextEncoder().encode('the entries of the chain\n')
const digestOf = (hash: HashName) => new Uint8Array(createHash(hash).update(content).digest())
const CONFIG = `
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Time
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[ext]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
serial = tsa.serial
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.3
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
`

describeWith(['openssl'], 'when OpenSSL judges signatures made to last', () => {
  beforeAll(() => {
    folder.write('tsa.cnf', CONFIG)
    folder.write('tsa.serial', '01\n')
    folder.write('content', content)
    const make = (name: string, ...more: string[]) => {
      const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-subj', `/CN=${name}`, '-days', '30']
      folder.run('req', '-x509', '-config', 'tsa.cnf', ...key, ...more, '-out', `${name}.pem`)
    }
    make('ca', '-extensions', 'ca')
    make('tsa', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-extensions', 'ext')
  })

  const anchor = () => {
    const [der] = decodePem('CERTIFICATE', Buffer.from(folder.read('ca.pem')).toString('latin1'))
    return parseCertificate(der as Uint8Array)
  }

  /** A list of OpenSSL's authority, signed with its key: without, nothing says that its time-stamps last. */
  function timeList(): Promise<Uint8Array> {
    const { subject, subjectKeyId } = anchor()
    const key = createPrivateKey(Buffer.from(folder.read('ca.key')))
    const fields = { issuer: subject.der, authorityKeyId: subjectKeyId ?? '', number: 1n, entries: [] }
    const sign = (data: Uint8Array) => Promise.resolve(signWith(key, 'rsa-sha256', data))
    return signCrl({ ...fields, thisUpdate: day(-1), nextUpdate: day(1) }, { algorithm: 'rsa-sha256', sign })
  }

  /** OpenSSL stamps, and judges its token before we do. */
  function stamp(imprint: MessageImprint): Uint8Array {
    folder.write('q', buildTimeStampRequest({ ...imprint, nonce }))
    const signer = ['-signer', 'tsa.pem', '-inkey', 'tsa.key']
    folder.run('ts', '-reply', '-config', 'tsa.cnf', '-section', 'tsa', '-queryfile', 'q', ...signer, '-out', 'r')
    const hex = Buffer.from(imprint.digest).toString('hex')
    expect(folder.run('ts', '-verify', '-in', 'r', '-digest', hex, '-CAfile', 'ca.pem')).toContain('OK')
    const trust = { anchors: [anchor()], revocation: 'none' as const, now: new Date() }
    return verifyTimeStampResponse(folder.read('r'), { imprint, nonce, ...trust }).token
  }

  it.each<SignatureAlgorithm>(['rsa-sha256', 'rsa-pss-sha256', 'ecdsa-sha256', 'ecdsa-sha384'])(
    'verifies the signature at every level with %s',
    async (algorithm) => {
      const root = await rootAuthority(LIFE, testKey(algorithm))
      const sub = await subAuthority(root, LIFE, testKey(algorithm))
      const key = testKey(algorithm)
      const leaf = await certify(key, sub, { ...LIFE, ...LEAF_FIELDS, extendedKeyUsage: ['1.3.6.1.5.5.7.3.4'] })
      const times = { thisUpdate: day(-1), nextUpdate: day(1) }
      const crls = [await crlOf(root, [], times), await crlOf(sub, [], times)]
      folder.write('root.pem', encodePem('CERTIFICATE', root.certificate.der))
      const fields = { content, detached: true, signer: key, certificate: leaf.der, signingTime: new Date() }
      const basic = await signData({ ...fields, chain: [sub.certificate.der] })
      const timed = addSignatureTimeStamp(basic, stamp(signatureImprint(basic, 'sha256')))
      const lasting = addValidationData(timed, {
        certificates: [root.certificate.der, sub.certificate.der],
        crls: [...crls.map((crl) => crl.der), await timeList()],
        ocsp: [],
      })
      const { imprint, hashIndex } = prepareArchiveTimeStamp(lasting, digestOf('sha512'), 'sha512')
      const archive = addArchiveTimeStamp(lasting, stamp(imprint), hashIndex)
      for (const [level, cms] of Object.entries({ basic, timed, lasting, archive })) {
        folder.write(level, cms)
        const check = ['-inform', 'DER', '-in', level, '-content', 'content', '-binary', '-CAfile', 'root.pem']
        expect(folder.run('cms', '-verify', '-cades', ...check, '-out', 'out'), level).toContain(
          'Verification successful',
        )
      }
      expect(folder.run('cms', '-cmsout', '-print', '-inform', 'DER', '-in', 'archive')).toContain('0.4.0.1733.2.4')
      const trust = { anchors: [root.certificate], timeStampAnchors: [anchor()], now: new Date() }
      const judged = verifyCades({ cms: archive, digestOf, ...trust, revocation: 'none' })
      expect(judged).toMatchObject({
        level: 'B-LTA',
        signatureTimeStamps: [{}],
        archiveTimeStamps: [{ hash: 'sha512' }],
      })
      expect(judged.path).toHaveLength(3)
    },
  )
})
