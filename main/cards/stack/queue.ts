/**
 * One job at a time per name, in the order they came; a job that fails does not stop the next. A job may also run
 * alone: after all that came before it, before all that come after it, whatever their names.
 */
export class NamedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()
  #alone: Promise<unknown> = Promise.resolve()

  run<T>(name: string, job: () => Promise<T>): Promise<T> {
    const result = Promise.allSettled([this.#tails.get(name), this.#alone]).then(job)
    this.#tails.set(name, result)
    const forget = (): void => {
      if (this.#tails.get(name) === result) this.#tails.delete(name)
    }
    result.then(forget, forget)
    return result
  }

  runAlone<T>(job: () => Promise<T>): Promise<T> {
    const result = Promise.allSettled([...this.#tails.values(), this.#alone]).then(job)
    this.#alone = result
    return result
  }
}
