import { describe, expect, it } from 'vitest'
import type { DeskBridge } from '../../../../shared/contract/desk.ts'
import { makeDesk } from '../../../../renderer/desk/bridge.ts'
import { card, reader } from './fixtures.ts'

/** A bridge that answers one thing and keeps what it was told. */
function bridgeThat(answer: unknown) {
  const said: [string, unknown][] = []
  const listeners: ((value: unknown) => void)[] = []
  let ended = 0
  const bridge: DeskBridge = {
    async call(name, input) {
      said.push([name, input])
      return answer
    },
    on(_event, listener) {
      listeners.push(listener)
      return () => void ended++
    },
  }
  return {
    desk: makeDesk(() => bridge),
    said,
    emit: (value: unknown) => listeners.forEach((listen) => listen(value)),
    ended: () => ended,
  }
}

describe('when the desk answers', () => {
  it('returns the parsed value', async () => {
    const readers = [reader('one', card())]
    const { desk, said } = bridgeThat({ ok: true, value: readers })
    expect(await desk.call('readers.list', {})).toEqual(readers)
    expect(said).toEqual([['readers.list', {}]])
  })

  it('throws its code, detail and id', async () => {
    const { desk } = bridgeThat({ ok: false, error: { code: 'CARD_PIN_WRONG', detail: { triesLeft: 2 }, id: 'err_1' } })
    await expect(desk.call('readers.list', {})).rejects.toMatchObject({
      code: 'CARD_PIN_WRONG',
      detail: { triesLeft: 2 },
      id: 'err_1',
    })
  })

  it.each([
    ['nothing', undefined],
    ['a bare value', []],
    ['a value of another shape', { ok: true, value: [{ name: 'one' }] }],
    ['extra keys', { ok: true, value: [], more: 1 }],
    ['a code that is not listed', { ok: false, error: { code: 'NO_SUCH_CODE', detail: {}, id: 'x' } }],
    ['an error with a cause', { ok: false, error: { code: 'INTERNAL', detail: {}, id: 'x', cause: 'stack' } }],
  ])('refuses %s', async (_what, answer) => {
    const { desk } = bridgeThat(answer)
    await expect(desk.call('readers.list', {})).rejects.toMatchObject({ code: 'CONTRACT_MISMATCH' })
  })

  it('refuses when there is no bridge on the page', async () => {
    await expect(makeDesk(() => undefined).call('app.info', {})).rejects.toMatchObject({ code: 'CONTRACT_MISMATCH' })
  })
})

describe('when the desk tells news', () => {
  it('hands on what the contract knows and drops the rest', () => {
    const { desk, emit, ended } = bridgeThat(null)
    const heard: unknown[] = []
    const end = desk.on('readers', (readers) => heard.push(readers))
    emit([reader('one', null)])
    emit([{ name: 'broken' }])
    emit('nonsense')
    expect(heard).toEqual([[reader('one', null)]])
    end()
    expect(ended()).toBe(1)
  })
})
