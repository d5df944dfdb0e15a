import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../../shared/pki/index.ts'
import * as read from '../../../../shared/pki/der-read.ts'
import { readText, readTime } from '../../../../shared/pki/der-text.ts'
import * as write from '../../../../shared/pki/der-write.ts'
import { verdict } from './authority.ts'

const node = (hex: string): read.DerNode => read.readDer(fromHex(hex))

describe('when DER is read', () => {
  it.each([
    ['NULL', '0500', 'ok'],
    ['empty input', '', 'malformed'],
    ['tag alone', '30', 'malformed'],
    ['trailing octet', '050000', 'malformed'],
    ['value cut off', '0402aa', 'malformed'],
    ['indefinite length', '30800000', 'malformed'],
    ['long form below 128', '048101aa', 'malformed'],
    ['leading zero in the length', `04820080${'aa'.repeat(128)}`, 'malformed'],
    ['128 octets in the long form', `048180${'aa'.repeat(128)}`, 'ok'],
    ['five length octets', '04850100000000', 'malformed'],
    ['huge length', '0484ffffffff', 'malformed'],
    ['long tag', '1f810100', 'malformed'],
  ])('judges the element: %s', (_, hex, expected) => {
    expect(verdict(() => node(hex))).toBe(expected)
  })

  it('refuses nesting below the limit and input above the size given', () => {
    let nested = fromHex('0500')
    for (let i = 0; i < 40; i++) nested = write.writeSequence(nested)
    const descend = () => {
      let at = read.readDer(nested)
      while (at.tag === 0x30) at = read.sequence(at, 'nest').next()
    }
    expect(verdict(descend)).toBe('too-large')
    expect(verdict(() => read.readDer(fromHex('0402aaaa'), 3))).toBe('too-large')
  })

  it.each([
    ['TRUE', '0101ff', 'ok'],
    ['TRUE as 01', '010101', 'malformed'],
    ['two octets', '0102ffff', 'malformed'],
    ['another tag', '0201ff', 'malformed'],
  ])('judges BOOLEAN: %s', (_, hex, expected) => {
    expect(verdict(() => read.readBoolean(node(hex)))).toBe(expected)
  })

  it.each([
    ['1', '020101', '01'],
    ['255', '020200ff', 'ff'],
    ['zero', '020100', 'malformed'],
    ['negative', '0201ff', 'malformed'],
    ['padded', '02020001', 'malformed'],
    ['padded negative', '0202ff80', 'malformed'],
    ['empty', '0200', 'malformed'],
    ['21 octets', `0215${'11'.repeat(21)}`, 'too-large'],
  ])('judges a positive INTEGER: %s', (_, hex, expected) => {
    let value = ''
    const result = verdict(() => (value = read.readPositiveHex(node(hex), 20)))
    expect(result === 'ok' ? value : result).toBe(expected)
  })

  it.each([
    ['2.5.29.15', '0603551d0f', 'ok'],
    ['1.2.840.113549.1.1.11', '06092a864886f70d01010b', 'ok'],
    ['empty', '0600', 'malformed'],
    ['unfinished arc', '06022a86', 'malformed'],
    ['padded arc', '06032a8001', 'malformed'],
    ['too long', `0641${'2a'.repeat(65)}`, 'malformed'],
  ])('judges OBJECT IDENTIFIER: %s', (text, hex, expected) => {
    expect(verdict(() => expect(read.readOid(node(hex))).toBe(text))).toBe(expected)
  })

  it.each([
    ['no unused bits', '0302 00aa', 'ok'],
    ['unused bit set', '03020101', 'malformed'],
    ['eight unused bits', '03020800', 'malformed'],
    ['unused bits of nothing', '030101', 'malformed'],
    ['empty', '0300', 'malformed'],
  ])('judges BIT STRING: %s', (_, hex, expected) => {
    expect(verdict(() => read.readBits(node(hex.replace(' ', ''))))).toBe(expected)
  })

  it.each([
    ['UTCTime', 0x17, '261122120000Z', '2026-11-22T12:00:00.000Z'],
    ['UTCTime of 1950', 0x17, '500101000000Z', '1950-01-01T00:00:00.000Z'],
    ['GeneralizedTime', 0x18, '20501122120000Z', '2050-11-22T12:00:00.000Z'],
    ['GeneralizedTime before 2050', 0x18, '20261122120000Z', '2026-11-22T12:00:00.000Z'],
    ['no seconds', 0x17, '2611221200Z', 'malformed'],
    ['offset', 0x17, '261122120000+0100', 'malformed'],
    ['fraction', 0x18, '20501122120000.5Z', 'malformed'],
    ['30 February', 0x17, '260230120000Z', 'malformed'],
    ['hour 24', 0x17, '261122240000Z', 'malformed'],
    ['month 13', 0x17, '261322120000Z', 'malformed'],
    ['an octet string', 0x04, '261122120000Z', 'malformed'],
  ])('judges Time: %s', (_, tag, text, expected) => {
    const encoded = write.tlv(tag, new TextEncoder().encode(text))
    let value = ''
    const result = verdict(() => (value = readTime(read.readDer(encoded)).toISOString()))
    expect(result === 'ok' ? value : result).toBe(expected)
  })

  it.each([
    ['UTF8String', '0c02c3a8', 'è'],
    ['BMPString', '1e0200e8', 'è'],
    ['T61String', '1401e8', 'è'],
    ['broken UTF-8', '0c01c3', 'malformed'],
    ['NUL inside', '0c03610062', 'malformed'],
    ['PrintableString above ASCII', '1301e8', 'malformed'],
    ['odd BMPString', '1e0100', 'malformed'],
    ['INTEGER', '020101', 'malformed'],
  ])('judges text: %s', (_, hex, expected) => {
    let value = ''
    const result = verdict(() => (value = readText(node(hex))))
    expect(result === 'ok' ? value : result).toBe(expected)
  })
})

describe('when DER is written', () => {
  it.each([
    ['INTEGER 128', write.writeInteger(128), '02020080'],
    ['INTEGER 0', write.writeInteger(0), '020100'],
    ['unsigned with zeros before', write.writeUnsigned(fromHex('000001')), '020101'],
    ['OID', write.writeOid('2.5.29.15'), '0603551d0f'],
    ['OID with a large arc', write.writeOid('2.999.3'), '0603883703'],
    ['named bits 0 and 1', write.writeNamedBits([0, 1]), '030206c0'],
    ['named bit 8', write.writeNamedBits([8]), '0303070080'],
    ['no named bits', write.writeNamedBits([]), '030100'],
    ['SET OF sorted', write.writeSetOf(fromHex('020102'), fromHex('020101')), '3106020101020102'],
    ['300 octets', write.writeOctets(new Uint8Array(300)).subarray(0, 4), '0482012c'],
  ])('gives the one encoding: %s', (_, bytes, hex) => {
    expect(toHex(bytes)).toBe(hex)
  })

  it.each([
    ['PrintableString with @', () => write.writePrintable('a@b')],
    ['IA5String with è', () => write.writeIa5('è')],
    ['negative INTEGER', () => write.writeInteger(-1)],
    ['OID with an arc 40', () => write.writeOid('1.40')],
    ['OID that is none', () => write.writeOid('a.b')],
    ['time before 1950', () => write.writeTime(new Date('1949-12-31T00:00:00Z'))],
    ['no time at all', () => write.writeTime(new Date(Number.NaN))],
    ['odd hex', () => fromHex('abc')],
  ])('refuses %s', (_, act) => {
    expect(verdict(act)).toBe('invalid-input')
  })
})
