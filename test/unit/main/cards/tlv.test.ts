import { describe, expect, it } from 'vitest'
import { encodeTlv, findTlv, needTlv, parseTlv } from '../../../../main/cards/reader/tlv.ts'

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const of = (size: number): Buffer => Buffer.alloc(size, 0xaa)

describe('when BER-TLV is written', () => {
  it.each([
    [0x80, '', '80 00'],
    [0x53, '01', '53 01 01'],
    [0x7f49, '0102', '7f49 02 0102'],
    [0x5fc102, 'ff', '5fc102 01 ff'],
  ])('writes tag %s with %s', (tag, value, expected) => {
    expect(Buffer.from(encodeTlv(tag, bytes(value)))).toEqual(bytes(expected))
  })

  it.each([
    [0x7f, '7f'],
    [0x80, '8180'],
    [0xff, '81ff'],
    [0x100, '820100'],
    [0xffff, '82ffff'],
  ])('writes a length of %d shortest', (size, length) => {
    const written = encodeTlv(0x53, of(size))
    expect(Buffer.from(written.subarray(1, 1 + length.length / 2)).toString('hex')).toBe(length)
    expect(parseTlv(written)).toEqual([{ tag: 0x53, value: new Uint8Array(of(size)) }])
  })

  it('joins several values', () => {
    expect(Buffer.from(encodeTlv(0x7c, encodeTlv(0x82), encodeTlv(0x81, bytes('aa'))))).toEqual(
      bytes('7c058200 8101aa'),
    )
  })

  it('refuses a value no length of two bytes can tell', () => {
    expect(() => encodeTlv(0x53, of(0x10000))).toThrow('CARD_COMMAND_FAILED')
  })
})

describe('when BER-TLV is read', () => {
  it.each([
    ['nothing', '', 0],
    ['one', '5301aa', 1],
    ['a long form length that could be short', '538101aa', 1],
    ['a length of three bytes', '53830000 01aa', 1],
    ['several', '8000 8101aa 5f2f024000', 3],
  ])('accepts %s', (_name, input, count) => {
    expect(parseTlv(bytes(input))).toHaveLength(count)
  })

  it.each([
    ['a value cut short', '5302aa', 'tlv-truncated'],
    ['a length cut short', '5382 01', 'tlv-truncated'],
    ['a tag alone', '53', 'tlv-truncated'],
    ['a tag cut short', '5f', 'tlv-truncated'],
    ['an indefinite length', '5380 aa 0000', 'tlv-length'],
    ['a length of four bytes', '5384 00000001 aa', 'tlv-length'],
    ['a tag of four bytes', '5fc1c1c1 00', 'tlv-tag'],
    ['padding', '0000', 'tlv-tag'],
    ['FF', 'ffff', 'tlv-tag'],
    ['rubbish behind an object', '5301aa 9a', 'tlv-truncated'],
  ])('refuses %s', (_name, input, reason) => {
    expect(() => parseTlv(bytes(input))).toThrow(expect.objectContaining({ detail: { reason } }))
  })

  it('finds a tag, tells one that is missing from one that comes twice', () => {
    const list = parseTlv(bytes('8101aa 8201bb 8201cc'))
    expect(findTlv(list, 0x81)).toEqual(bytes('aa'))
    expect(findTlv(list, 0x83)).toBeNull()
    expect(() => needTlv(list, 0x83)).toThrow(expect.objectContaining({ detail: { reason: 'tlv-missing' } }))
    expect(() => findTlv(list, 0x82)).toThrow(expect.objectContaining({ detail: { reason: 'tlv-repeated' } }))
  })

  it('never throws anything else, whatever the bytes', () => {
    for (let seed = 0; seed < 3000; seed++) {
      const input = Buffer.from(Array.from({ length: seed % 24 }, (_, i) => (seed * 31 + i * (seed % 97) * 17) & 0xff))
      try {
        parseTlv(input)
      } catch (error) {
        expect(error).toMatchObject({ code: 'CARD_COMMAND_FAILED' })
      }
    }
  })
})
