import { describe, expect, it } from 'vitest'
import { ToldOnce } from '../../../../server/services/told-once.ts'

const counting = () => {
  const told: string[] = []
  const once = new ToldOnce()
  const tell = (session: string, name: string) =>
    once.run(session, name, () => {
      told.push(`${session} ${name}`)
      return Promise.resolve()
    })
  return { told, once, tell }
}

describe('what is told once', () => {
  it('is told once per session and name, also by those who come at once', async () => {
    const { told, tell } = counting()
    await Promise.all([tell('a', 'x'), tell('a', 'x'), tell('b', 'x'), tell('a', 'y')])
    await tell('a', 'x')
    expect(told).toEqual(['a x', 'b x', 'a y'])
  })

  it('is told by the next when it failed, and those who waited for it fail too', async () => {
    const { told, once, tell } = counting()
    const fail = () => Promise.reject(new Error('disk'))
    const both = await Promise.allSettled([once.run('a', 'x', fail), tell('a', 'x')])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await tell('a', 'x')
    expect(told).toEqual(['a x'])
  })

  it('forgets the oldest sessions and names, and nothing else', async () => {
    const { told, tell } = counting()
    for (let at = 0; at <= 500; at++) await tell(`s${at}`, 'x')
    for (let at = 0; at <= 1000; at++) await tell('s500', `n${at}`)
    told.length = 0
    for (const [session, name] of [
      ['s500', 'n1000'],
      ['s500', 'x'],
      ['s400', 'x'],
      ['s0', 'x'],
    ] as const)
      await tell(session, name)
    expect(told).toEqual(['s500 x', 's0 x'])
  })
})
