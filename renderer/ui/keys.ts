import { useEffect } from 'react'

/** One shortcut: `keys` as typed ("g t", "?", "mod+k", "alt+enter"); `label` is already translated. */
export interface Shortcut {
  keys: string
  label: string
  run: () => void
}
export interface KeyPress {
  key: string
  ctrl: boolean
  alt: boolean
  meta: boolean
  /** The person is typing in a field: letters belong to the field. */
  typing: boolean
}

/** How a key press is written in a shortcut: modifiers first, `mod` for Ctrl or Command. */
export function nameKey(press: KeyPress): string {
  const key = press.key === ' ' ? 'space' : press.key.toLowerCase()
  return `${press.ctrl || press.meta ? 'mod+' : ''}${press.alt ? 'alt+' : ''}${key}`
}

export interface KeyStep {
  /** What was typed so far of a sequence, empty when none is open. */
  pending: string
  run: Shortcut | null
}

/** The next state after a key press: a shortcut to run, a sequence that may still become one, or nothing. */
export function advanceKeys(
  pending: string,
  press: KeyPress,
  shortcuts: readonly Shortcut[],
  letters: boolean,
): KeyStep {
  const name = nameKey(press)
  const plain = !press.ctrl && !press.meta && !press.alt
  if (plain && (press.typing || !letters)) return { pending: '', run: null }
  const typed = pending === '' ? name : `${pending} ${name}`
  const exact = shortcuts.find((s) => s.keys === typed) ?? shortcuts.find((s) => s.keys === name)
  if (exact) return { pending: '', run: exact }
  return { pending: shortcuts.some((s) => s.keys.startsWith(`${typed} `)) ? typed : '', run: null }
}

const FIELDS = new Set(['INPUT', 'TEXTAREA', 'SELECT'])
const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (FIELDS.has(target.tagName) || target.isContentEditable)
const isInDialog = (): boolean => document.querySelector('[role="dialog"][aria-modal="true"]') !== null

/** Listens for shortcuts on the page while mounted. None runs behind an open dialog. */
export function useShortcuts(shortcuts: readonly Shortcut[], letters: boolean): void {
  useEffect(() => {
    let pending = ''
    let forget: ReturnType<typeof setTimeout> | undefined
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isInDialog()) return
      const press = {
        key: event.key,
        ctrl: event.ctrlKey,
        alt: event.altKey,
        meta: event.metaKey,
        typing: isTyping(event.target),
      }
      const step = advanceKeys(pending, press, shortcuts, letters)
      pending = step.pending
      clearTimeout(forget)
      forget = setTimeout(() => (pending = ''), 1500)
      if (step.run === null) return
      event.preventDefault()
      step.run.run()
    }
    document.addEventListener('keydown', listen)
    return () => {
      clearTimeout(forget)
      document.removeEventListener('keydown', listen)
    }
  }, [shortcuts, letters])
}
