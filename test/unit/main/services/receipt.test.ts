import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PDFDocument } from '@cantoo/pdf-lib'
import { describe, expect, it } from 'vitest'
import type { CertificateView, EnrolmentView } from '../../../../shared/contract/index.ts'
import { printable } from '../../../../main/services/receipt-letters.ts'
import { drawReceipt } from '../../../../main/services/receipt.ts'
import { makeDesk } from '../../../fakes/desk/desk.ts'
import { MemoryCard } from '../../../fakes/desk/memory-card.ts'
import { HOLDER, newEnrolment, TRANSPORT } from '../../../fakes/desk/memory-remote.ts'

const PDFTOTEXT = ['/usr/bin/pdftotext', '/usr/local/bin/pdftotext', '/opt/homebrew/bin/pdftotext'].find((file) =>
  existsSync(file),
)
const ROME = { timeZone: 'Europe/Rome', now: new Date('2026-11-20T10:00:00Z') }
const certificate = (
  slot: CertificateView['slot'],
  serial: string,
  state: CertificateView['state'] = 'issued',
): CertificateView => ({
  id: `certificate_0000${slot}`,
  serial,
  slot,
  profile: 'p',
  subject: 'CN=Anna',
  issuer: 'CN=CA',
  state,
  notBefore: Date.parse('2026-11-20'),
  notAfter: Date.parse('2029-08-16'),
  revokedAt: null,
  revocationReason: null,
  algorithm: 'ecdsa-p256',
  sha256: '00',
})
const enrolment = (more: Partial<EnrolmentView> = {}): EnrolmentView => ({
  ...newEnrolment(),
  state: 'handed-over',
  cardSerial: 'B1A4C001',
  certificates: [
    certificate('9A', '5f'.repeat(20)),
    certificate('9C', '4711aa'),
    certificate('9A', 'dead01', 'revoked'),
  ],
  ...more,
})
function textOf(pdf: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'receipt-'))
  try {
    writeFileSync(join(folder, 'r.pdf'), pdf)
    return execFileSync(PDFTOTEXT!, ['-layout', '-enc', 'UTF-8', join(folder, 'r.pdf'), '-'], { encoding: 'utf8' })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('when a receipt is drawn', () => {
  it.each(['en', 'it'] as const)('is one A4 page with a title, in %s', async (language) => {
    const pdf = await PDFDocument.load(await drawReceipt(enrolment(), 'ab'.repeat(32), { language, ...ROME }))
    expect(pdf.getPageCount()).toBe(1)
    expect(pdf.getPage(0).getSize()).toEqual({ width: 595.28, height: 841.89 })
    expect(pdf.getTitle()).toMatch(language === 'en' ? /^Receipt/ : /^Ricevuta/)
  })
  it.skipIf(PDFTOTEXT === undefined)(
    'says who, what, when and what next; a revoked certificate is not on it',
    async () => {
      const text = textOf(await drawReceipt(enrolment(), 'ab'.repeat(32), { language: 'it', ...ROME }))
      for (const words of [
        'Anna Rossi',
        'Elena Conti',
        'Milano Centro, Nord',
        'B1A4C001',
        '4711aa',
        '5f'.repeat(20),
        '20 novembre 2026',
        '16 agosto 2029',
        'ab'.repeat(32),
        'Passaporto',
        'identità',
        'Che cosa fare ora',
      ])
        expect(text).toContain(words)
      expect(text).not.toContain('dead01')
      expect(text).not.toContain('YA1234567')
    },
  )
  it.skipIf(PDFTOTEXT === undefined).each([
    ['Europe/Rome', 'en', ['21 November 2026', '00:30 GMT+1', 'time zone Europe/Rome', '20 November 2026']],
    ['UTC', 'en', ['20 November 2026', '23:30 GMT', 'time zone UTC']],
    ['America/New_York', 'it', ['20 novembre 2026', '18:30 GMT-5', 'fuso orario America/New_York', '19 novembre 2026']],
  ] as const)('has the dates of %s, and says so', async (timeZone, language, expected) => {
    const now = new Date('2026-11-20T23:30:00Z')
    const text = textOf(await drawReceipt(enrolment(), null, { language, timeZone, now }))
    for (const words of expected) expect(text).toContain(words)
  })
  it.skipIf(PDFTOTEXT === undefined)('writes names outside Windows-1252 in Latin letters, and says so', async () => {
    const holder = { ...HOLDER, givenNames: 'Łukasz Юлія', familyName: 'Ștefănescu 北' }
    const text = textOf(await drawReceipt(enrolment({ holder }), null, { language: 'en', ...ROME }))
    expect(text).toContain('Lukasz Iuliia Stefanescu ?')
    expect(text).toContain('transliterated')
  })
  it('does not fail on long or strange text', async () => {
    const holder = { ...HOLDER, givenNames: 'W'.repeat(100), familyName: '😀'.repeat(25) + 'מזל' }
    const many = Array.from({ length: 20 }, (_v, i) => certificate('9A', `${i}`.padStart(40, '9')))
    const pdf = await PDFDocument.load(
      await drawReceipt(enrolment({ holder, certificates: many }), 'ab'.repeat(32), { language: 'en', ...ROME }),
    )
    expect(pdf.getPageCount()).toBeGreaterThan(1)
  })
  it('holds no secret of a card that was really made', async () => {
    const t = await makeDesk()
    t.cards.insert('Reader B', new MemoryCard('B1A4C001'))
    await t.signIn()
    const id = t.remote.enrolment.id
    await expect(t.desk.handlers['enrolments.receipt']({ id, language: 'en' })).rejects.toMatchObject({
      code: 'ENROLMENT_STATE',
    })
    await t.desk.handlers['enrolments.personalise']({ id, reader: 'Reader B' })
    const { pdf, fileName } = await t.desk.handlers['enrolments.receipt']({ id, language: 'en' })
    expect(fileName).toBe(`receipt-${id}.pdf`)
    const bytes = Buffer.from(pdf, 'base64')
    const text = bytes.toString('latin1') + (PDFTOTEXT === undefined ? '' : textOf(bytes))
    for (const secret of Object.values(TRANSPORT)) expect(text).not.toContain(secret)
    await t.end()
  })
})

describe('printable', () => {
  it.each([
    ['Perché così è già', 'Perché così è già', false],
    ["D'Agostino – “Élan” €", "D'Agostino – “Élan” €", false],
    ['Dvořák', 'Dvorák', true],
    ['Łódź', 'Lódz', true],
    ['Đorđević', 'Dordevic', true],
    ['Щукин', 'Shchukin', true],
    ['ЩУКИН', 'SHCHUKIN', true],
    ['e\u0301', 'é', false],
    ['日本', '??', true],
    ['a\u200db', 'a?b', true],
  ])('writes %j as %j', (text, written, changed) => expect(printable(text)).toEqual({ text: written, changed }))
})
