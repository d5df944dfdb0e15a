import { afterEach, describe, expect, it, vi } from 'vitest'
import { endOnCrash } from '../../../../main/system/crash.ts'
import { memoryLog } from '../../../fakes/desk/desk.ts'

let stop = () => {}
afterEach(() => stop())
const listenersOf = (event: 'uncaughtException' | 'unhandledRejection') =>
  process.listeners(event as 'uncaughtException')

describe('when an error met nobody', () => {
  it.each(['uncaughtException', 'unhandledRejection'] as const)(
    'logs it, closes the desk and ends, once: %s',
    async (event) => {
      const before = new Set<unknown>(listenersOf(event))
      const log = memoryLog()
      const close = vi.fn(async () => undefined)
      const exit = vi.fn()
      stop = endOnCrash(log, close, exit)
      const [mine] = listenersOf(event).filter((listener) => !before.has(listener))
      mine!(new Error('nobody caught me'), 'uncaughtException')
      await expect.poll(() => exit.mock.calls).toEqual([[1]])
      expect(close).toHaveBeenCalledTimes(1)
      expect(log.lines[0]).toMatchObject({ level: 'error', event: 'desk.crashed' })
      expect(listenersOf(event).filter((listener) => !before.has(listener))).toEqual([])
    },
  )
  it('ends also when the desk cannot be closed', async () => {
    const before = new Set<unknown>(listenersOf('uncaughtException'))
    const exit = vi.fn()
    stop = endOnCrash(memoryLog(), () => Promise.reject(new Error('stuck')), exit)
    const [mine] = listenersOf('uncaughtException').filter((listener) => !before.has(listener))
    mine!(new Error('x'), 'uncaughtException')
    await expect.poll(() => exit.mock.calls).toEqual([[1]])
  })
})
