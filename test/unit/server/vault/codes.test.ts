import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { makeDigits, makeManagementKey } from '../../../../server/vault/codes.ts'

const random = (bytes: number) => Promise.resolve(new Uint8Array(randomBytes(bytes)))
/** Gives these octets, then good ones. */
const scripted = (first: readonly number[]) => {
  const queue = [...first]
  return async (bytes: number) => Uint8Array.from(await random(bytes), (octet) => queue.shift() ?? octet)
}

describe('when a code is made', () => {
  it('has eight digits, each as likely as any other', async () => {
    const counts = new Map<string, number>()
    for (let n = 0; n < 2000; n += 1) {
      const code = await makeDigits(random)
      expect(code).toMatch(/^[0-9]{8}$/)
      for (const digit of code) counts.set(digit, (counts.get(digit) ?? 0) + 1)
    }
    for (const count of counts.values()) expect(Math.abs(count - 1600)).toBeLessThan(250)
  })

  it.each([
    ['the same digit', [1, 1, 1, 1, 1, 1, 1, 1]],
    ['a run upwards', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['a run downwards', [9, 8, 7, 6, 5, 4, 3, 2]],
    ['a pair again and again', [1, 2, 1, 2, 1, 2, 1, 2]],
    ['a half repeated', [1, 9, 4, 7, 1, 9, 4, 7]],
  ])('draws again instead of %s', async (_name, digits) => {
    expect(await makeDigits(scripted(digits))).not.toBe(digits.join(''))
  })

  it('throws away octets that would favour small digits', async () => {
    const code = await makeDigits(scripted([250, 255, 251, 3, 1, 4, 1, 5, 9, 2, 6]))
    expect(code).toBe('31415926')
  })

  it('makes a management key of 24 octets', async () => {
    expect(await makeManagementKey(random)).toMatch(/^[0-9a-f]{48}$/)
  })
})
