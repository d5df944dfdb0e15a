import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  buildOcspRequest,
  decodePem,
  parseCertificate,
  verifyOcspResponse,
  type Certificate,
} from '../../../shared/pki/index.ts'
import { describeWith } from '../../parts.ts'
import { verdict } from '../../unit/shared/pki/authority.ts'
import { OpensslFolder } from './openssl.ts'

const folder = new OpensslFolder()
afterAll(() => folder.remove())

const CONFIG = `
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Test
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
[responder]
keyUsage = critical, digitalSignature
extendedKeyUsage = OCSPSigning
`
const nonce = new Uint8Array(createHash('sha256').update('nonce').digest())

function make(name: string, serial: string, extensions: string): void {
  const issued = name === 'ca' ? [] : ['-CA', 'ca.pem', '-CAkey', 'ca.key']
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`]
  const subject = ['-subj', `/O=Test/CN=${name}`, '-days', '30', '-set_serial', serial, '-sha256']
  folder.run(
    'req',
    '-x509',
    '-config',
    'ca.cnf',
    ...key,
    ...issued,
    ...subject,
    '-extensions',
    extensions,
    '-out',
    `${name}.pem`,
  )
}

const certificateOf = (name: string): Certificate => {
  const [der] = decodePem('CERTIFICATE', Buffer.from(folder.read(`${name}.pem`)).toString('latin1'))
  return parseCertificate(der as Uint8Array)
}

/** Answers a request of ours as a responder of OpenSSL would. */
function reply(request: Uint8Array, signer: string, ...more: string[]): Uint8Array {
  folder.write('request', request)
  const answers = ['-index', 'index.txt', '-CA', 'ca.pem', '-rsigner', `${signer}.pem`, '-rkey', `${signer}.key`]
  folder.run('ocsp', ...answers, '-reqin', 'request', '-respout', 'response', '-ndays', '1', '-noverify', ...more)
  return folder.read('response')
}

describeWith(['openssl'], 'when a responder of OpenSSL answers', () => {
  beforeAll(() => {
    folder.write('ca.cnf', CONFIG)
    make('ca', '1', 'root')
    make('good', '0x1001', 'leaf')
    make('bad', '0x1002', 'leaf')
    make('lost', '0x1003', 'leaf')
    make('responder', '0x1004', 'responder')
    const until = '300101000000Z'
    folder.write(
      'index.txt',
      `V\t${until}\t\t1001\tunknown\t/O=Test/CN=good\nR\t${until}\t261001000000Z,keyCompromise\t1002\tunknown\t/O=Test/CN=bad\n`,
    )
  })

  const judge = (name: string, signer: string, idHash: 'sha1' | 'sha256' = 'sha1', ...more: string[]) => {
    const [certificate, issuer] = [certificateOf(name), certificateOf('ca')]
    const response = reply(buildOcspRequest({ certificate, issuer, nonce, idHash }), signer, ...more)
    return verifyOcspResponse({ response, certificate, issuer, nonce, at: new Date() })
  }

  it('reads good, revoked with time and reason, and unknown, by either hash', () => {
    expect(judge('good', 'ca')).toMatchObject({ status: 'good', revoked: null })
    expect(judge('good', 'ca', 'sha256', '-resp_key_id')).toMatchObject({ status: 'good' })
    expect(judge('bad', 'ca').revoked).toEqual({
      serial: '1002',
      at: new Date('2026-10-01T00:00:00Z'),
      reason: 'keyCompromise',
    })
    expect(judge('lost', 'ca')).toMatchObject({ status: 'unknown' })
  })

  it('refuses one whose certificate is not for it, and one whose own status is not known', () => {
    expect(verdict(() => judge('good', 'good'))).toBe('ocsp-responder')
    expect(verdict(() => judge('good', 'responder'))).toBe('no-revocation-data')
  })

  it('is understood where it verifies', () => {
    const request = buildOcspRequest({ certificate: certificateOf('good'), issuer: certificateOf('ca'), nonce })
    reply(request, 'ca')
    const check = ['-respin', 'response', '-issuer', 'ca.pem', '-cert', 'good.pem', '-CAfile', 'ca.pem', '-no_nonce']
    expect(folder.run('ocsp', ...check)).toContain('good.pem: good')
  })
})
