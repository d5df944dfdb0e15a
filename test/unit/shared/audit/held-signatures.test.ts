import { describe, expect, it } from 'vitest'
import { HeldSignatures } from '../../../../shared/audit/held-signatures.ts'
import type { AuditKey } from '../../../../shared/audit/key-statement.ts'
import { entrySigningBytes } from '../../../../shared/audit/link.ts'

const keyOf = (name: number): AuditKey => ({ spki: Uint8Array.of(name) }) as unknown as AuditKey
const bytesOf = (place: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (place + at) % 251)

/** What it is asked to verify, as texts; refuses what is signed `refused` (its first byte). */
const recorder = (refused = -1) => {
  const asked: string[] = []
  const verify = (spki: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean => {
    asked.push([spki, data, signature].map((part) => Buffer.from(part).toString('hex')).join(' '))
    return signature[0] !== refused
  }
  return { asked, verify }
}
const asText = (place: number, length: number): string =>
  [Uint8Array.of(place % 3), entrySigningBytes(bytesOf(place, length)), bytesOf(place, 64)]
    .map((part) => Buffer.from(part).toString('hex'))
    .join(' ')

/** Entries of such lengths through a room of 1,000 bytes. */
const hold = (lengths: readonly number[], refused?: number): { asked: string[]; isValid: boolean } => {
  const { asked, verify } = recorder(refused)
  const held = new HeldSignatures(verify, new Uint8Array(1000))
  const added = lengths.map((length, place) => held.add(keyOf(place % 3), bytesOf(place, length), bytesOf(place, 64)))
  return { asked, isValid: !added.includes(false) && held.check() }
}

describe('signatures that wait', () => {
  it.each([
    [[]],
    [[0]],
    [[100, 100, 100]],
    // 26 bytes of domain and 64 of signature: just full, and one too many.
    [[910]],
    [[911]],
    [[400, 420]],
    [[400, 421]],
    [[300, 300, 300, 300, 300]],
    [[10, 5000, 10]],
    [Array.from({ length: 200 }, (_, place) => (place * 37) % 950)],
  ])('are all checked once, over what their entries sign: lengths %j', (lengths) => {
    const { asked, isValid } = hold(lengths)
    expect(isValid).toBe(true)
    expect(asked.toSorted()).toEqual(lengths.map((length, place) => asText(place, length)).toSorted())
  })

  it.each([0, 1, 7, 8, 15, 18, 19])('are refused when that of %i is not valid', (refused) => {
    const lengths = Array.from({ length: 20 }, (_, place) => (place === 8 ? 3000 : 200))
    expect(hold(lengths).isValid).toBe(true)
    expect(hold(lengths, refused).isValid).toBe(false)
  })

  it('wait no longer once they were checked', () => {
    const { asked, verify } = recorder()
    const held = new HeldSignatures(verify, new Uint8Array(1000))
    held.add(keyOf(0), bytesOf(0, 50), bytesOf(0, 64))
    expect(held.check()).toBe(true)
    expect(held.check()).toBe(true)
    expect(asked).toHaveLength(1)
  })
})
