import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  buildTimeStampRequest,
  decodePem,
  parseCertificate,
  parseTimeStampResponse,
  verifyTimeStampResponse,
  type HashName,
} from '../../../shared/pki/index.ts'
import { describeWith } from '../../parts.ts'
import { verdict } from '../../unit/shared/pki/authority.ts'
import { OpensslFolder, TIME_SECTIONS } from './openssl.ts'

const folder = new OpensslFolder()
afterAll(() => folder.remove())

const POLICY = '1.3.6.1.4.1.99999.3'
const nonce = Uint8Array.of(0x9a, 1, 2, 3, 4, 5, 6, 7)
const data = new TextEncoder().encode('the checkpoint of today\n')
const imprint = (hash: HashName) => ({ hash, digest: new Uint8Array(createHash(hash).update(data).digest()) })

const authority = (section: string, essHash: string) => `
[${section}]
serial = tsa.serial
crypto_device = builtin
signer_digest = sha256
default_policy = ${POLICY}
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = ${essHash}
`
const CONFIG = `${TIME_SECTIONS}[loose]
extendedKeyUsage = critical, timeStamping, clientAuth
${authority('ess1', 'sha1')}
${authority('ess256', 'sha256')}
${authority('ess384', 'sha384')}
`

/** Answers a request of ours as a TSA of OpenSSL would. */
function reply(request: Uint8Array, section: string, name: string, ...more: string[]): Uint8Array {
  folder.write('request.tsq', request)
  const signer = ['-signer', `${name}.pem`, '-inkey', `${name}.key`, ...more]
  folder.run(
    'ts',
    '-reply',
    '-config',
    'tsa.cnf',
    '-section',
    section,
    '-queryfile',
    'request.tsq',
    ...signer,
    '-out',
    'r',
  )
  return folder.read('r')
}

function make(name: string, algorithm: readonly string[], extensions: string, ca: boolean): void {
  const key = ['-newkey', ...algorithm, '-nodes', '-keyout', `${name}.key`]
  const issued = ca ? [] : ['-CA', 'ca.pem', '-CAkey', 'ca.key']
  const subject = ['-subj', `/O=Test/CN=${name}`, '-days', '30', '-sha256']
  folder.run(
    'req',
    '-x509',
    '-config',
    'tsa.cnf',
    ...key,
    ...issued,
    ...subject,
    '-extensions',
    extensions,
    '-out',
    `${name}.pem`,
  )
}

describeWith(['openssl'], 'when a time-stamping authority of OpenSSL answers', () => {
  beforeAll(() => {
    folder.write('tsa.cnf', CONFIG)
    folder.write('tsa.serial', '01\n')
    folder.write('data', data)
    make('ca', ['rsa:2048'], 'ca', true)
    make('rsa', ['rsa:3072'], 'tsa', false)
    make('ec', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384'], 'tsa', false)
    make('loose', ['rsa:2048'], 'loose', false)
  })

  const wanted = (hash: HashName) => ({
    imprint: imprint(hash),
    nonce,
    policies: [POLICY],
    now: new Date(),
    anchors: decodePem(
      'CERTIFICATE',
      folder.read('ca.pem').reduce((text, one) => text + String.fromCharCode(one), ''),
    ).map((one) => parseCertificate(one)),
    revocation: 'none' as const,
  })

  it.each<[HashName, string, string]>([
    ['sha256', 'ess256', 'rsa'],
    ['sha384', 'ess384', 'rsa'],
    ['sha512', 'ess1', 'rsa'],
    ['sha256', 'ess384', 'ec'],
    ['sha512', 'ess256', 'ec'],
  ])('verifies its token over %s with %s by %s, and OpenSSL verifies it against our request', (hash, section, name) => {
    const request = buildTimeStampRequest({ ...imprint(hash), nonce })
    const response = reply(request, section, name, '-chain', 'ca.pem')
    const verified = verifyTimeStampResponse(response, wanted(hash))
    expect(verified).toMatchObject({ policy: POLICY, hash, accuracyMicros: 1_500_100 })
    expect(Math.abs(verified.genTime.getTime() - Date.now())).toBeLessThan(60_000)
    expect(verified.path).toHaveLength(2)
    expect(folder.run('ts', '-verify', '-queryfile', 'request.tsq', '-in', 'r', '-CAfile', 'ca.pem')).toContain('OK')
    folder.write('token', verified.token)
    const check = ['-token_in', '-in', 'token', '-data', 'data', '-CAfile', 'ca.pem']
    expect(folder.run('ts', '-verify', ...check)).toContain('OK')
  })

  it('refuses an answer to another request, and a token altered in any octet', () => {
    const response = reply(buildTimeStampRequest({ ...imprint('sha256'), nonce }), 'ess256', 'ec')
    const other = { ...wanted('sha256'), nonce: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }
    expect(verdict(() => verifyTimeStampResponse(response, other))).toBe('tsp-nonce')
    expect(verdict(() => verifyTimeStampResponse(response, wanted('sha384')))).toBe('tsp-imprint')
    const trusted = wanted('sha256')
    for (let at = 0; at < response.length; at += 3) {
      const altered = Uint8Array.from(response)
      altered[at] = (altered[at] ?? 0) ^ 1
      expect(
        verdict(() => verifyTimeStampResponse(altered, trusted)),
        `octet ${at}`,
      ).not.toBe('ok')
    }
  })

  it('reads why it was refused', () => {
    const request = buildTimeStampRequest({ ...imprint('sha256'), nonce, policy: '1.2.3.4' })
    const response = parseTimeStampResponse(reply(request, 'ess256', 'rsa'))
    expect(response).toMatchObject({
      status: 'rejection',
      token: null,
      failures: ['the requested policy is not supported'],
    })
  })

  it('refuses an authority whose certificate serves more than time-stamping', () => {
    const request = buildTimeStampRequest({ ...imprint('sha256'), nonce })
    expect(() => reply(request, 'ess256', 'loose')).toThrow(/invalid signer certificate purpose/)
  })
})
