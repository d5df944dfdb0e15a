import type { DeskEvent, DeskEventValue } from '../../shared/contract/index.ts'
import type { DeskEvents } from './ports.ts'

/** A typed hub between services and whichever host shows the screen. A listener that throws ends with its own error only. */
export class EventHub implements DeskEvents {
  readonly #listeners = new Map<DeskEvent, Set<(value: never) => void>>()
  emit<E extends DeskEvent>(event: E, value: DeskEventValue<E>): void {
    for (const listener of this.#listeners.get(event) ?? []) (listener as (value: DeskEventValue<E>) => void)(value)
  }
  on<E extends DeskEvent>(event: E, listener: (value: DeskEventValue<E>) => void): () => void {
    const set = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, set)
    set.add(listener)
    return () => set.delete(listener)
  }
}
