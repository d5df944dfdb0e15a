import { describe, expect, it } from 'vitest'
import { MixedRandom } from '../../../../server/hsm/mixed-random.ts'

describe('when random octets are mixed', () => {
  it('adds each octet of the key store once, and asks for more in time', async () => {
    const given: Uint8Array[] = []
    const mixed = new MixedRandom({
      random: (bytes) => {
        given.push(new Uint8Array(bytes).fill(given.length + 1))
        return Promise.resolve(given.at(-1) as Uint8Array)
      },
    })
    expect(mixed.ahead).toBe(0)
    await mixed.fill()
    expect(mixed.ahead).toBe(4096)
    const [one, two] = [mixed.bytes(32), mixed.bytes(32)]
    expect(one).toHaveLength(32)
    expect(one).not.toEqual(two)
    expect(mixed.ahead).toBe(4096 - 64)
    // What was given is wiped here, what is left is not.
    expect(given[0]?.subarray(0, 64).every((octet) => octet === 0)).toBe(true)
    expect(given[0]?.[64]).toBe(1)
    for (let i = 0; i < 100; i++) mixed.bytes(32)
    await mixed.fill()
    expect(given).toHaveLength(2)
    expect(mixed.ahead).toBe(4096)
  })

  it('differs from the machine’s own octets by the key store’s', async () => {
    // Zeros add nothing and ones turn every bit over: both must still be random.
    for (const value of [0, 255]) {
      const mixed = new MixedRandom({ random: (bytes) => Promise.resolve(new Uint8Array(bytes).fill(value)) })
      await mixed.fill()
      const made = mixed.bytes(4096)
      expect(new Set(made).size).toBeGreaterThan(200)
    }
  })

  it('stands alone while the key store is away, and longer requests than there is are whole', async () => {
    const away = new MixedRandom({ random: () => Promise.reject(new Error('away')) })
    expect(away.bytes(32)).toHaveLength(32)
    await away.fill()
    expect(new Set(Array.from({ length: 50 }, () => Buffer.from(away.bytes(16)).toString('hex'))).size).toBe(50)
    const near = new MixedRandom({ random: (bytes) => Promise.resolve(new Uint8Array(bytes)) })
    await near.fill()
    expect(near.bytes(5000)).toHaveLength(5000)
  })
})
