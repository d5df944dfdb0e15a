interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

/** Who waits for which intent; several may wait for one. Each is told once. */
export class SequencerWaiters {
  readonly #waiters = new Map<string, Waiter[]>()

  /** Intents waited for. */
  get size(): number {
    return this.#waiters.size
  }

  /** Ids of the intents waited for, in the order of their first waiter. */
  ids(): readonly string[] {
    return [...this.#waiters.keys()]
  }

  has(id: string): boolean {
    return this.#waiters.has(id)
  }

  wait(id: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(id) ?? []
      waiters.push({ resolve, reject })
      this.#waiters.set(id, waiters)
    })
  }

  resolve(id: string): void {
    for (const waiter of this.#take(id)) waiter.resolve()
  }

  reject(id: string, error: unknown): void {
    for (const waiter of this.#take(id)) waiter.reject(error)
  }

  rejectAll(error: unknown): void {
    for (const id of this.ids()) this.reject(id, error)
  }

  /** Gone before they are told: whoever asks again for the same intent is a waiter of its own. */
  #take(id: string): readonly Waiter[] {
    const waiters = this.#waiters.get(id) ?? []
    this.#waiters.delete(id)
    return waiters
  }
}
