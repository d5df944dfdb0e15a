import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  decodePem,
  encodePem,
  parseCertificate,
  parseCrl,
  signCsr,
  signData,
  verifyCrl,
  verifyCsr,
  verifyPath,
  verifySignedData,
  type SignatureAlgorithm,
} from '../../../shared/pki/index.ts'
import { describeWith } from '../../parts.ts'
import { certify, crlOf, LEAF_FIELDS, rootAuthority, subAuthority, testKey } from '../../unit/shared/pki/authority.ts'
import { OpensslFolder } from './openssl.ts'

const folder = new OpensslFolder()
afterAll(() => folder.remove())

const NOW = new Date()
const day = (count: number) => new Date(NOW.getTime() + count * 86_400_000)
const LIFE = { notBefore: day(-1), notAfter: day(30) }
const content = new TextEncoder().encode('I, officer O, saw document D\n')

describeWith(['openssl'], 'when OpenSSL reads what we made', () => {
  it.each<SignatureAlgorithm>(['ecdsa-sha256', 'ecdsa-sha384', 'rsa-sha256', 'rsa-pss-sha256'])(
    'verifies certificate, request, list and CAdES signature made with %s',
    async (algorithm) => {
      const root = await rootAuthority(LIFE, testKey(algorithm))
      const sub = await subAuthority(root, LIFE, testKey(algorithm))
      const key = testKey(algorithm)
      const leaf = await certify(key, sub, {
        ...LIFE,
        ...LEAF_FIELDS,
        extendedKeyUsage: ['1.3.6.1.5.5.7.3.2', '1.3.6.1.4.1.311.20.2.2'],
        subjectAltName: { email: ['a@b.example'], upn: ['a@b.example'], ip: ['127.0.0.1', '::1'], dns: ['a.example'] },
        crlDistributionPoints: ['http://ca.example/issuing.crl'],
        ocspUrls: ['http://ca.example/ocsp'],
        caIssuerUrls: ['http://ca.example/issuing.cer'],
        policies: ['1.3.6.1.4.1.99999.1'],
      })
      const times = { thisUpdate: day(-1), nextUpdate: day(1) }
      const crls = [
        await crlOf(root, [], times),
        await crlOf(sub, [{ serial: 'abcd', at: day(-1), reason: 'certificateHold' }], times),
      ]
      folder.write('root.pem', encodePem('CERTIFICATE', root.certificate.der))
      folder.write('sub.pem', encodePem('CERTIFICATE', sub.certificate.der))
      folder.write('leaf.pem', encodePem('CERTIFICATE', leaf.der))
      folder.write('crls.pem', crls.map((crl) => encodePem('X509 CRL', crl.der)).join(''))
      folder.write('chain.pem', [sub, root].map((one) => encodePem('CERTIFICATE', one.certificate.der)).join(''))

      const text = folder.run('x509', '-in', 'leaf.pem', '-noout', '-text')
      for (const part of [
        'Digital Signature, Non Repudiation',
        'Microsoft Smartcard Login',
        'email:a@b.example',
        'IP Address:127.0.0.1',
        'IP Address:0:0:0:0:0:0:0:1',
        'URI:http://ca.example/issuing.crl',
        'OCSP - URI:http://ca.example/ocsp',
        'CA Issuers - URI:http://ca.example/issuing.cer',
        'Policy: 1.3.6.1.4.1.99999.1',
      ]) {
        expect(text).toContain(part)
      }
      const trust = ['-CAfile', 'root.pem', '-untrusted', 'sub.pem', '-CRLfile', 'crls.pem']
      expect(folder.run('verify', ...trust, '-crl_check_all', '-x509_strict', 'leaf.pem')).toContain('leaf.pem: OK')

      folder.write('sub.crl', (crls[1] as { der: Uint8Array }).der)
      const list = folder.run('crl', '-inform', 'DER', '-in', 'sub.crl', '-noout', '-text', '-CAfile', 'chain.pem')
      expect(list).toContain('verify OK')
      expect(list).toMatch(/Serial Number: ABCD[\s\S]*Certificate Hold/)

      const names = { subjectAltName: { email: ['a@b.example'] } }
      folder.write(
        'own.csr',
        await signCsr({ subject: [{ type: 'CN', value: 'Anna' }], spki: key.spki, ...names }, key),
      )
      const request = folder.run('req', '-inform', 'DER', '-in', 'own.csr', '-verify', '-noout', '-text')
      expect(request).toMatch(/verify OK[\s\S]*email:a@b.example|email:a@b.example[\s\S]*verify OK/)

      folder.write('content.txt', content)
      const fields = { content, signer: key, certificate: leaf.der, chain: [sub.certificate.der], signingTime: NOW }
      folder.write('attached.p7s', await signData({ ...fields, detached: false }))
      folder.write('detached.p7s', await signData({ ...fields, detached: true, mimeType: 'text/plain' }))
      const verify = ['cms', '-verify', '-cades', '-binary', '-inform', 'DER', '-purpose', 'any', '-CAfile', 'root.pem']
      expect(folder.run(...verify, '-in', 'attached.p7s', '-out', 'out.txt')).toContain('CAdES Verification successful')
      expect(folder.read('out.txt')).toEqual(content)
      const detached = folder.run(...verify, '-in', 'detached.p7s', '-content', 'content.txt', '-out', 'out.txt')
      expect(detached).toContain('CAdES Verification successful')
      folder.write('content.txt', 'other')
      expect(() => folder.run(...verify, '-in', 'detached.p7s', '-content', 'content.txt')).toThrow(
        /content verify error/,
      )
    },
  )
})

const CONFIG = `
[req]
distinguished_name = dn
prompt = no
[dn]
C = IT
O = Example Registry
CN = OpenSSL Root
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature,nonRepudiation
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = email:a@b.example,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@b.example
crlDistributionPoints = URI:http://ca.example/issuing.crl
authorityInfoAccess = OCSP;URI:http://ca.example/ocsp
certificatePolicies = 1.3.6.1.4.1.99999.1
[authority]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 3
crl_extensions = crl
[crl]
authorityKeyIdentifier = keyid
`

describeWith(['openssl'], 'when we read what OpenSSL made', () => {
  const keys: Readonly<Record<string, readonly string[]>> = {
    'P-256': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    'RSA-2048': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  }
  beforeAll(() => {
    folder.write('openssl.cnf', CONFIG)
    folder.write('index.txt', '')
    folder.write('crlnumber', '1001\n')
  })

  it.each(Object.keys(keys))('verifies certificate, request, list and CAdES signature by %s', (kind) => {
    const config = ['-config', 'openssl.cnf']
    for (const name of ['ca', 'leaf']) folder.run('genpkey', ...(keys[kind] ?? []), '-out', `${name}.key`)
    folder.run(
      'req',
      '-x509',
      '-new',
      '-key',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '30',
      '-extensions',
      'ca',
      ...config,
    )
    folder.run('req', '-new', '-key', 'leaf.key', '-out', 'leaf.csr', '-outform', 'DER', '-subj', '/CN=Anna', ...config)
    const sign = [
      'x509',
      '-req',
      '-in',
      'leaf.csr',
      '-inform',
      'DER',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-days',
      '20',
    ]
    folder.run(...sign, '-extfile', 'openssl.cnf', '-extensions', 'leaf', '-out', 'foreign.pem')
    const ca = ['ca', ...config, '-name', 'authority', '-keyfile', 'ca.key', '-cert', 'ca.pem']
    folder.run(...ca, '-gencrl', '-out', 'good.crl')
    folder.run(...ca, '-revoke', 'foreign.pem', '-crl_reason', 'keyCompromise')
    folder.run(...ca, '-gencrl', '-out', 'bad.crl')
    folder.write('index.txt', '')

    const pem = (label: 'CERTIFICATE' | 'X509 CRL', name: string) =>
      decodePem(label, Buffer.from(folder.read(name)).toString())[0] as Uint8Array
    const anchor = parseCertificate(pem('CERTIFICATE', 'ca.pem'))
    const leaf = parseCertificate(pem('CERTIFICATE', 'foreign.pem'))
    expect(anchor.subject.text).toBe('CN=OpenSSL Root,O=Example Registry,C=IT')
    expect(leaf.subjectAltName).toMatchObject({ email: ['a@b.example'], upn: ['a@b.example'] })
    expect(leaf.crlDistributionPoints).toEqual(['http://ca.example/issuing.crl'])
    expect(leaf.policies).toEqual(['1.3.6.1.4.1.99999.1'])
    expect(verifyCsr(folder.read('leaf.csr')).subject.commonName).toBe('Anna')

    const at = new Date()
    const [good, bad] = ['good.crl', 'bad.crl'].map((name) => parseCrl(pem('X509 CRL', name)))
    for (const crl of [good, bad]) verifyCrl(crl as NonNullable<typeof crl>, anchor, at)
    const path = { leaf, anchors: [anchor], at, requiredKeyUsage: ['digitalSignature'], revocation: 'require' } as const
    expect(verifyPath({ ...path, crls: [good as NonNullable<typeof good>] }).path).toHaveLength(2)
    expect(() => verifyPath({ ...path, crls: [bad as NonNullable<typeof bad>] })).toThrow(/revoked/)

    folder.write('content.txt', content)
    const make = [
      'cms',
      '-sign',
      '-cades',
      '-binary',
      '-in',
      'content.txt',
      '-signer',
      'foreign.pem',
      '-inkey',
      'leaf.key',
    ]
    const form = ['-md', 'sha256', '-outform', 'DER']
    folder.run(...make, ...form, '-nodetach', '-out', 'theirs.p7s')
    const attached = verifySignedData({ cms: folder.read('theirs.p7s') })
    expect(attached.content).toEqual(content)
    expect(attached.signerCertificate.der).toEqual(leaf.der)
    folder.run(...make, ...form, '-out', 'theirs.p7s')
    expect(verifySignedData({ cms: folder.read('theirs.p7s'), content }).signingTime).not.toBeNull()
    folder.run(...make, '-md', 'sha1', '-outform', 'DER', '-nodetach', '-out', 'theirs.p7s')
    expect(() => verifySignedData({ cms: folder.read('theirs.p7s') })).toThrow(/weak-hash/)
  })
})
