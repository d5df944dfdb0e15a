import { describe, expect, it } from 'vitest'
import { SequencerWaiters } from '../../../../server/audit/sequencer-waiters.ts'

describe('when several wait for intents', () => {
  it('tells all who wait for one, and nobody else', async () => {
    const waiters = new SequencerWaiters()
    const told: string[] = []
    const wait = (id: string, name: string) => waiters.wait(id).then(() => told.push(name))
    const both = [wait('one', 'first'), wait('one', 'second')]
    const other = wait('two', 'third')
    expect([waiters.size, waiters.ids()]).toEqual([2, ['one', 'two']])
    waiters.resolve('one')
    waiters.resolve('never')
    await Promise.all(both)
    expect(told).toEqual(['first', 'second'])
    expect([waiters.has('one'), waiters.has('two')]).toEqual([false, true])
    waiters.resolve('two')
    await other
  })

  it('rejects one, or all that are left, and who asks again waits anew', async () => {
    const waiters = new SequencerWaiters()
    const waits = ['one', 'two', 'two', 'three'].map((id) => waiters.wait(id))
    const outcomes = Promise.allSettled(waits)
    waiters.reject('one', 'alone')
    waiters.rejectAll('all')
    expect(await outcomes).toMatchObject(['alone', 'all', 'all', 'all'].map((reason) => ({ reason })))
    expect(waiters.size).toBe(0)
    const again = waiters.wait('one')
    waiters.resolve('one')
    await expect(again).resolves.toBeUndefined()
  })
})
