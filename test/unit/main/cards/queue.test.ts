import { describe, expect, it } from 'vitest'
import { NamedQueue } from '../../../../main/cards/stack/queue.ts'

function bench(): { queue: NamedQueue; log: string[]; job: (name: string, ticks?: number) => () => Promise<string> } {
  const log: string[] = []
  const job =
    (name: string, ticks = 3) =>
    async (): Promise<string> => {
      log.push(`${name}+`)
      for (let i = 0; i < ticks; i++) await Promise.resolve()
      log.push(`${name}-`)
      return name
    }
  return { queue: new NamedQueue(), log, job }
}

describe('when jobs are queued', () => {
  it('runs one after the other under one name, and beside each other under two', async () => {
    const { queue, log, job } = bench()
    const all = [queue.run('A', job('a1')), queue.run('A', job('a2')), queue.run('B', job('b1'))]
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'b1'])
    expect(log.indexOf('a1-')).toBeLessThan(log.indexOf('a2+'))
    expect(log.indexOf('b1+')).toBeLessThan(log.indexOf('a1-'))
  })
  it('goes on after a failure', async () => {
    const { queue, job } = bench()
    const failed = expect(queue.run('A', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await queue.run('A', job('a2'))).toBe('a2')
    await failed
    await expect(queue.runAlone(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await queue.run('A', job('a3'))).toBe('a3')
  })
  it('runs a job alone between those before it and those after it', async () => {
    const { queue, log, job } = bench()
    await Promise.all([
      queue.run('A', job('a1', 9)),
      queue.run('B', job('b1', 2)),
      queue.runAlone(job('x', 5)),
      queue.run('A', job('a2')),
      queue.run('C', job('c1')),
    ])
    const [from, to] = [log.indexOf('x+'), log.indexOf('x-')]
    expect(to).toBe(from + 1)
    expect(log.slice(0, from).sort()).toEqual(['a1+', 'a1-', 'b1+', 'b1-'])
    expect(log.slice(to + 1).sort()).toEqual(['a2+', 'a2-', 'c1+', 'c1-'])
  })
})
