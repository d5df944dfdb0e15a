/** One job at a time per name, in the order they came; a job that fails does not stop the next. */
export class NamedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  run<T>(name: string, job: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve()
    const result = before.then(job, job)
    this.#tails.set(name, result)
    const forget = (): void => {
      if (this.#tails.get(name) === result) this.#tails.delete(name)
    }
    result.then(forget, forget)
    return result
  }
}
