import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { CardOnReader, CardView, CertificateView } from '../../../../shared/contract/index.ts'
import { compare } from '../../../../main/services/cards.ts'

const NOW = 1_800_000_000_000
const der = Buffer.from('certificate')
const sha256 = createHash('sha256').update(der).digest('hex')
const onCard = (more: Partial<CardOnReader> = {}): CardOnReader => ({
  serial: 'AA',
  guid: null,
  expiresOn: null,
  kind: 'piv',
  pinTries: 3,
  pinTriesMax: 3,
  pukTries: 3,
  pukTriesMax: 3,
  blank: false,
  certificates: [
    {
      slot: '9A',
      der: der.toString('base64'),
      subject: '',
      commonName: null,
      issuer: '',
      serial: '01',
      notBefore: 0,
      notAfter: 0,
    },
  ],
  ...more,
})
const certificate = (more: Partial<CertificateView> = {}): CertificateView => ({
  id: 'certificate_00000001',
  serial: '01',
  slot: '9A',
  profile: 'p',
  subject: '',
  issuer: '',
  state: 'issued',
  notBefore: 0,
  notAfter: NOW + 1,
  revokedAt: null,
  revocationReason: null,
  algorithm: 'ecdsa-p256',
  sha256,
  ...more,
})
const known = (state: CardView['state'], certificates: CertificateView[]): CardView => ({
  serial: 'AA',
  guid: null,
  state,
  profile: null,
  holder: null,
  enrolmentId: null,
  office: { id: 'office_00000001', name: 'x', division: 'y' },
  expiresAt: null,
  certificates,
  etag: '"1"',
  createdAt: 0,
  updatedAt: 0,
})

describe('when a card is compared with what the server knows', () => {
  it.each([
    ['all is well', onCard(), known('active', [certificate()]), []],
    ['a blank card nobody knows', onCard({ blank: true, certificates: [] }), null, []],
    ['a used card nobody knows', onCard(), null, ['unknown-card']],
    [
      'a certificate is gone from the card',
      onCard({ certificates: [] }),
      known('active', [certificate()]),
      ['certificate-missing'],
    ],
    ['a certificate is not ours', onCard(), known('active', []), ['certificate-foreign']],
    [
      'another certificate than ours',
      onCard(),
      known('active', [certificate({ sha256: 'ff' })]),
      ['certificate-missing', 'certificate-foreign'],
    ],
    ['the card is suspended', onCard(), known('suspended', [certificate()]), ['card-suspended']],
    [
      'the card is terminated and its certificate revoked',
      onCard(),
      known('terminated', [certificate({ state: 'revoked' })]),
      ['card-terminated', 'certificate-revoked'],
    ],
    [
      'the certificate ran out',
      onCard(),
      known('active', [certificate({ notAfter: NOW - 1 })]),
      ['certificate-expired'],
    ],
    ['it is being made', onCard({ certificates: [] }), known('personalising', [certificate()]), ['in-personalisation']],
    [
      'an old revoked certificate is not on it',
      onCard(),
      known('active', [certificate(), certificate({ sha256: 'ee', state: 'revoked' })]),
      [],
    ],
  ])('finds, when %s, the right words', (_what, card, view, findings) => {
    expect(compare(card, view, NOW)).toEqual(findings)
  })
})
