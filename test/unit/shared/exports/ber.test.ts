import { describe, expect, it } from 'vitest'
import { derOf } from '../../../../shared/exports/ber.ts'
import { PkiError } from '../../../../shared/pki/index.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const reasonOf = (bytes: Uint8Array): string => {
  try {
    derOf(bytes)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof PkiError)) throw error
    return error.reason
  }
}
/** An indefinite SEQUENCE of as many NULLs. */
const wide = (count: number): Uint8Array => {
  const bytes = new Uint8Array(4 + 2 * count)
  bytes.set([0x30, 0x80])
  for (let at = 2; at < bytes.length - 2; at += 2) bytes[at] = 0x05
  return bytes
}

describe('when BER is read', () => {
  it.each([
    ['30 80 05 00 00 00', '30 02 05 00'],
    ['30 82 00 02 05 00', '30 02 05 00'],
    ['24 80 04 01 61 04 02 62 63 00 00', '04 03 61 62 63'],
    ['30 03 02 01 05', '30 03 02 01 05'],
  ])('%s becomes %s', (ber, der) => {
    expect(derOf(hex(ber))).toEqual(hex(der))
  })

  it.each([
    ['no end', '30 80 05 00'],
    ['something behind', '30 00 00'],
    ['longer than what is there', '30 04 05 00'],
    ['a number as a piece of an octet string', '24 80 02 01 61 00 00'],
    ['a primitive without length', '04 80 00 00'],
  ])('%s is malformed', (_, ber) => {
    expect(reasonOf(hex(ber))).toBe('malformed')
  })

  it('many items are read, and more than a signature can have are refused', () => {
    expect(derOf(wide(200_000)).length).toBe(5 + 400_000)
    expect(reasonOf(wide(250_000))).toBe('too-large')
    expect(reasonOf(wide(8_000_000))).toBe('too-large')
    const pieces = new Uint8Array(wide(200_000)).map((octet) => (octet === 0x05 ? 0x04 : octet))
    pieces[0] = 0x24
    expect(derOf(pieces)).toEqual(hex('04 00'))
  })

  it('depth is bounded', () => {
    expect(reasonOf(new Uint8Array(4000).map((_, at) => (at % 2 === 0 ? 0x30 : 0x80)))).toBe('too-large')
  })
})
