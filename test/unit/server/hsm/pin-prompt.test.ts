import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { askPin, type PromptInput } from '../../../../server/hsm/pin-prompt.ts'
import { failureOf } from './folders.ts'

/** A terminal on which somebody types. */
class Keyboard extends EventEmitter implements PromptInput {
  readonly isTTY: boolean
  readonly told: string[] = []
  constructor(isTTY = true) {
    super()
    this.isTTY = isTTY
  }
  setRawMode(isRaw: boolean): void {
    this.told.push(isRaw ? 'raw' : 'cooked')
  }
  resume(): void {
    this.told.push('resume')
  }
  pause(): void {
    this.told.push('pause')
  }
}
const ask = async (typed: readonly string[], keyboard = new Keyboard()) => {
  const shown: string[] = []
  const asked = askPin('PIN: ', keyboard, { write: (text) => shown.push(text) })
  const chunks = typed.map((text) => Buffer.from(text))
  for (const chunk of chunks) keyboard.emit('data', chunk)
  return { pin: await asked, shown, keyboard, chunks }
}

describe('when a PIN is asked for at the terminal', () => {
  it('shows nothing of it, wipes what was read, and gives the terminal back', async () => {
    const { pin, shown, keyboard, chunks } = await ask(['12', '3', '4\r'])
    expect(pin.toString()).toBe('1234')
    expect(shown).toEqual(['PIN: ', '\n'])
    expect(keyboard.told).toEqual(['raw', 'resume', 'cooked', 'pause'])
    expect(keyboard.listenerCount('data')).toBe(0)
    expect(chunks.every((chunk) => chunk.every((octet) => octet === 0))).toBe(true)
  })

  it.each([
    [['12\u007f34\n'], '134'],
    [['\b\b1\n'], '1'],
    [['è\n'], 'è'],
    [['1234\u0004'], '1234'],
  ])('reads %j', async (typed, expected) => {
    expect((await ask(typed)).pin.toString()).toBe(expected)
  })

  it.each([[['\n']], [['12\u0003']], [['1\u007f\n']]])('refuses %j', async (typed) => {
    expect(await failureOf(ask(typed))).toBe('pin-missing')
  })

  it('refuses where nobody can type', async () => {
    expect(await failureOf(ask(['1\n'], new Keyboard(false)))).toBe('pin-missing')
  })
})
