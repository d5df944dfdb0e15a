import { describe, expect, it } from 'vitest'
import { advanceKeys, nameKey, type KeyPress, type Shortcut } from '../../../../renderer/ui/keys.ts'

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrl: false,
  alt: false,
  meta: false,
  typing: false,
  ...more,
})
const shortcut = (keys: string): Shortcut => ({ keys, label: keys, run: () => undefined })
const all = [shortcut('g t'), shortcut('g p'), shortcut('?'), shortcut('mod+k'), shortcut('alt+l'), shortcut('r')]

describe('when a key is named', () => {
  it.each([
    [press('K', { ctrl: true }), 'mod+k'],
    [press('k', { meta: true }), 'mod+k'],
    [press('L', { alt: true }), 'alt+l'],
    [press(' '), 'space'],
    [press('?'), '?'],
  ])('%o is %s', (given, name) => {
    expect(nameKey(given)).toBe(name)
  })
})

describe('when keys are typed', () => {
  const rows: [string, KeyPress, boolean, string, string | null][] = [
    ['', press('?'), true, '', '?'],
    ['', press('g'), true, 'g', null],
    ['g', press('t'), true, '', 'g t'],
    ['g', press('x'), true, '', null],
    // A sequence that fails still lets the key stand for itself.
    ['g', press('r'), true, '', 'r'],
    ['', press('x'), true, '', null],
    // Letters belong to the field, and to nobody when they are turned off; modified keys always count.
    ['', press('?', { typing: true }), true, '', null],
    ['g', press('t', { typing: true }), true, '', null],
    ['', press('?'), false, '', null],
    ['', press('k', { ctrl: true, typing: true }), false, '', 'mod+k'],
    ['', press('l', { alt: true }), false, '', 'alt+l'],
  ]
  it.each(rows)('after "%s", %o (letters %s) leaves "%s" and runs %s', (pending, given, letters, left, run) => {
    const step = advanceKeys(pending, given, all, letters)
    expect(step.pending).toBe(left)
    expect(step.run?.keys ?? null).toBe(run)
  })
})
