import { describe, expect, it } from 'vitest'
import { PdfFile } from '../../../../shared/pades/pdf-file.ts'
import { PdfReader } from '../../../../shared/pades/pdf-read.ts'
import { dateOf, pdfDate, pdfText, textOf } from '../../../../shared/pades/pdf-value.ts'
import { writeValue } from '../../../../shared/pades/pdf-write.ts'
import { appendPackedPdf, bytesOf, latin1, packedPdf, plainPdf, reason } from './kit.ts'

const read = (text: string) => new PdfReader(bytesOf(text)).value()

describe('when an object is read', () => {
  it.each([
    ['<</A 1/B[2 0 R(x)]>>', '<</A 1 /B [2 0 R (x)]>>'],
    ['<< /A % a remark\n 1 >>', '<</A 1>>'],
    ['/A#42#20', '/AB#20'],
    ['(a(b)c)', '(a\\(b\\)c)'],
    ['(\\101\\n)', '<410a>'],
    ['(a\\\r\nb)', '(ab)'],
    ['(a\r\nb)', '<610a62>'],
    ['<4 1 4>', '<4140>'],
    ['-.5', '-.5'],
    ['+17.', '+17.'],
    ['[1 2 R 3]', '[1 2 R 3]'],
    ['[1 2 3]', '[1 2 3]'],
    ['[true false null]', '[true false null]'],
  ])('takes %s', (text, again) => {
    expect(writeValue(read(text))).toBe(again)
  })

  it.each([
    ['<</A 1 /A 2>>', 'duplicate-key'],
    ['<</A 1 /#41 2>>', 'duplicate-key'],
    ['<</A>>', 'syntax'],
    ['<<1 2>>', 'syntax'],
    ['<</A 1', 'syntax'],
    ['[1 2', 'syntax'],
    ['(a', 'syntax'],
    ['<4g>', 'syntax'],
    ['<41', 'syntax'],
    ['/A#0', 'syntax'],
    ['/A#00', 'syntax'],
    ['1.2.3', 'syntax'],
    ['--1', 'syntax'],
    ['truely', 'syntax'],
    ['foo', 'syntax'],
    ['', 'syntax'],
    ['['.repeat(50), 'too-large'],
    ['9999999 0 R', 'syntax'],
  ])('refuses %s: %s', (text, expected) => {
    expect(reason(() => read(text))).toBe(expected)
  })
})

describe('when a file is read', () => {
  const plain = latin1(plainPdf())
  it.each<[string, string, (text: string) => string]>([
    ['octets before the header', 'header', (text) => ` ${text}`],
    ['another header', 'header', (text) => text.replace('%PDF-1.7', '%PDF-3.7')],
    ['no startxref', 'trailing-bytes', (text) => text.replace('startxref', 'startXref')],
    ['startxref beyond the end', 'cross-reference', (text) => text.replace(/startxref\n\d+/, 'startxref\n99999')],
    ['startxref elsewhere', 'syntax', (text) => text.replace(/startxref\n\d+/, 'startxref\n9')],
    ['a row too short', 'cross-reference', (text) => text.replace(' 00000 n \n', ' 0000 n \n ')],
    ['a row of another object', 'object', (text) => text.replace(/(\d{10} 00000 n \n)(\d{10} 00000 n \n)/, '$2$1')],
    [
      'a table in a circle',
      'cross-reference',
      (text) => text.replace('/Root', `/Prev ${text.lastIndexOf('\nxref') + 1} /Root`),
    ],
    ['no Root', 'structure', (text) => text.replace('/Root 1 0 R', '/Boot 1 0 R')],
    ['a Root that is no object', 'structure', (text) => text.replace('/Root 1 0 R', '/Root 9 0 R')],
  ])('refuses %s: %s', (_name, expected, change) => {
    const changed = change(plain)
    expect(changed).not.toBe(plain)
    expect(reason(() => new PdfFile(bytesOf(changed)).root)).toBe(expected)
  })

  it('takes tables and streams of cross-references', async () => {
    expect(new PdfFile(plainPdf()).root.entries.has('Pages')).toBe(true)
    expect(new PdfFile(await packedPdf()).root.entries.has('Pages')).toBe(true)
  })

  it.each([
    ['a length in an object stream', 'ok', packedLength(5)],
    ['an object stream whose length is in itself', 'stream', packedLength(6)],
  ])('judges %s: %s', (_name, expected, pdf) => {
    expect(reason(() => new PdfFile(pdf).locate(4))).toBe(expected)
  })

  it('takes what a hybrid file hides from readers of tables', () => {
    const file = new PdfFile(hybrid())
    expect(file.load(5)).toMatchObject({ kind: 'dict' })
    expect(file.load(6)).toMatchObject({ kind: 'name', name: 'Hidden' })
    expect(file.root.entries.has('Pages')).toBe(true)
  })

  it('refuses a stream whose length is not where it ends', () => {
    const wrong = plain.replace('/Length 43', '/Length 42')
    expect(wrong).not.toBe(plain)
    expect(reason(() => new PdfFile(bytesOf(wrong)).locate(4))).toMatch(/syntax|stream/)
  })
})

describe('when text and dates are written', () => {
  it.each(['plain', 'Zoë', '中文 😀', 'a(b)\\c'])('reads %s back', (text) => {
    expect(textOf(pdfText(text))).toBe(text)
  })

  it.each([
    ['D:20261122120000Z', '2026-11-22T12:00:00.000Z'],
    ["D:20261122120000+01'00'", '2026-11-22T11:00:00.000Z'],
    ["D:20261122120000-05'30", '2026-11-22T17:30:00.000Z'],
    ['D:2026', '2026-01-01T00:00:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(dateOf(pdfText(text))?.toISOString()).toBe(expected)
  })

  it('gives null for what is no date', () => {
    expect(dateOf(pdfText('yesterday'))).toBeNull()
    expect(dateOf(pdfDate(new Date('2026-11-22T12:00:00Z')))?.getTime()).toBe(Date.UTC(2026, 10, 22, 12))
  })
})

/** Object 4 is a stream whose length is object 5, in the object stream 6, whose own length is `of`: itself, or plain. */
function packedLength(of: 5 | 6): Uint8Array {
  const base = plainPdf()
  const stream = '<</Length 41 0 R>>\nstream\nabc\nendstream'
  const container = `<</Type /ObjStm /N 1 /First 5 /Length ${of === 5 ? '6' : '41 0 R'}>>\nstream\n41 0 3\nendstream`
  return appendPackedPdf(base, { 4: stream, 40: container }, [[41, 40, 0]])
}

/** A table that calls object 6 free, and beside it a stream that knows where it is (ISO 32000-1 7.5.8.4). */
function hybrid(): Uint8Array {
  let text = latin1(plainPdf())
  const offset = text.length
  text += '6 0 obj\n/Hidden\nendobj\n'
  const beside = text.length
  const row = String.fromCharCode(1, offset >> 8, offset & 255, 0)
  text += `7 0 obj\n<</Type /XRef /Size 8 /W [1 2 1] /Index [6 1] /Root 1 0 R /Length 4>>\nstream\n${row}\nendstream\nendobj\n`
  const startxref = text.length
  const before = /startxref\s+(\d+)/.exec(text)?.[1] ?? ''
  text += `xref\n6 1\n0000000000 00000 f \ntrailer\n<</Size 8 /Root 1 0 R /Prev ${before} /XRefStm ${beside}>>\n`
  return bytesOf(`${text}startxref\n${startxref}\n%%EOF\n`)
}
