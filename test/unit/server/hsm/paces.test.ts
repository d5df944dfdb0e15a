import { describe, expect, it } from 'vitest'
import { Paces } from '../../../../server/hsm/pkcs11/paces.ts'

/** Calls of a kind that take so long here, each by a clock that stands otherwise. */
const calls = (took: (call: number) => number) => {
  let now = 0
  let count = 0
  const done: string[] = []
  const paces = new Paces(() => now)
  const call = async (kind = 'a'): Promise<string> => {
    const here = (): string => {
      now += took(count++)
      done.push('here')
      return 'here'
    }
    const aside = (): Promise<string> => {
      count++
      done.push('aside')
      return Promise.resolve('aside')
    }
    return paces.run(kind, { here, aside })
  }
  return { call, done }
}

describe('when calls of a token are quick or slow', () => {
  it('does quick ones here', async () => {
    const { call, done } = calls(() => 0.05)
    for (let i = 0; i < 1000; i++) await call()
    expect(new Set(done)).toEqual(new Set(['here']))
  })

  it('does slow ones aside, and tries one here now and then', async () => {
    const { call, done } = calls(() => 0.5)
    for (let i = 0; i < 1026; i++) await call()
    expect(done.filter((one) => one === 'here')).toHaveLength(2)
    expect([done[0], done[1], done[512], done[513]]).toEqual(['here', 'aside', 'aside', 'here'])
  })

  it('forgives a busy machine soon, and follows a token that became slow', async () => {
    const { call, done } = calls((at) => (at === 10 || at > 100 ? 5 : 0.05))
    for (let i = 0; i < 400; i++) await call()
    expect(done.slice(0, 11).every((one) => one === 'here')).toBe(true)
    expect(done.slice(11, 27).every((one) => one === 'aside')).toBe(true)
    expect(done[27]).toBe('here')
    expect(done.slice(101).filter((one) => one === 'here').length).toBeLessThanOrEqual(2)
  })

  it('keeps kinds apart', async () => {
    const { call, done } = calls((at) => (at % 2 === 0 ? 0.05 : 0.5))
    for (let i = 0; i < 6; i++) await call(i % 2 === 0 ? 'quick' : 'slow')
    expect(done).toEqual(['here', 'here', 'here', 'aside', 'here', 'aside'])
  })
})
