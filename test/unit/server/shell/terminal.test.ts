import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { NO_TERMINAL, terminalOf } from '../../../../server/shell/terminal.ts'

const open = (isTTY: boolean, columns?: number) => {
  const written: string[] = []
  const signals = new EventEmitter()
  const stream = { isTTY, ...(columns === undefined ? {} : { columns }), write: (text: string) => written.push(text) }
  return { terminal: terminalOf(stream, signals), signals, written }
}
const listeners = (signals: EventEmitter): number => signals.listenerCount('SIGINT') + signals.listenerCount('SIGTERM')

describe('when progress is shown', () => {
  it('replaces the line on a terminal, no longer than it is wide', () => {
    const { terminal, written } = open(true, 12)
    for (const line of ['one', 'a line that is too long', '']) terminal.show(line)
    expect(written).toEqual(['\r\u001b[2Kone', '\r\u001b[2Ka line that', '\r\u001b[2K'])
  })

  it('shows nothing where nobody looks', () => {
    const { terminal, written } = open(false)
    terminal.show('one')
    expect(written).toEqual([])
  })
})

describe('when Ctrl-C is pressed', () => {
  it.each(['SIGINT', 'SIGTERM'])('asks once, and leaves the second to end the process: %s', async (signal) => {
    const { terminal, signals } = open(true)
    let asked = 0
    const ended = await terminal.cancellable(
      () => (asked += 1),
      async () => {
        expect(listeners(signals)).toBe(2)
        signals.emit(signal)
        expect(listeners(signals)).toBe(0)
        signals.emit(signal)
        return Promise.resolve('ended by itself')
      },
    )
    expect([ended, asked]).toEqual(['ended by itself', 1])
  })

  it('listens no longer than the work goes on, also when it fails', async () => {
    const { terminal, signals } = open(true)
    const failing = terminal.cancellable(
      () => undefined,
      () => Promise.reject(new Error('failed')),
    )
    await expect(failing).rejects.toThrow('failed')
    expect(listeners(signals)).toBe(0)
    expect(
      await NO_TERMINAL.cancellable(
        () => undefined,
        () => Promise.resolve(7),
      ),
    ).toBe(7)
  })
})
