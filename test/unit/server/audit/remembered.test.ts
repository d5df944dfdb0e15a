import { describe, expect, it } from 'vitest'
import { remembered } from '../../../../server/audit/remembered.ts'

describe('what is remembered', () => {
  const counted = (most: number) => {
    const made: string[] = []
    const ask = remembered(most, (text) => {
      made.push(text)
      if (text === 'bad') throw new Error('bad')
      return text === 'nothing' ? undefined : text.toUpperCase()
    })
    return { ask, made }
  }

  it('is made once, also where nothing comes of it', () => {
    const { ask, made } = counted(10)
    expect(['a', 'b', 'a', 'nothing', 'nothing'].map(ask)).toEqual(['A', 'B', 'A', undefined, undefined])
    expect(made).toEqual(['a', 'b', 'nothing'])
  })

  it('is no failure', () => {
    const { ask, made } = counted(10)
    for (let turn = 0; turn < 2; turn += 1) expect(() => ask('bad')).toThrow('bad')
    expect(made).toEqual(['bad', 'bad'])
  })

  it('is never more than so many', () => {
    const { ask, made } = counted(2)
    expect(['a', 'b', 'c', 'c', 'a'].map(ask)).toEqual(['A', 'B', 'C', 'C', 'A'])
    expect(made).toEqual(['a', 'b', 'c', 'a'])
  })
})
