import { DESK_CALLS, type DeskBridge, type DeskCall } from '../../../shared/contract/desk.ts'
import { AppError } from '../../../shared/contract/errors.ts'
import { makeCalls } from './calls.ts'
import { makeWorld, type Scene } from './world.ts'

const isCall = (name: string): name is DeskCall => Object.hasOwn(DESK_CALLS, name)

/** The bridge as the product's hosts put it on the page: answers are `Result`, inputs parsed, unknown names refused. */
export function makeBridge(scene: Scene): DeskBridge {
  const listeners = new Map<string, Set<(value: unknown) => void>>()
  const world = makeWorld(scene)
  const calls = makeCalls(world, (event, value) => {
    for (const listener of listeners.get(event) ?? []) listener(structuredClone(value))
  })
  const first = new Set([
    'app.info',
    'session.state',
    'connection.state',
    'readers.list',
    'witness.state',
    'app.sealKey',
  ])
  return {
    async call(name, input) {
      await new Promise((resolve) => setTimeout(resolve, world.scene === 'slow' && !first.has(name) ? 60_000 : 30))
      try {
        if (!isCall(name)) throw new AppError('NOT_FOUND')
        const handler = calls[name] as (value: unknown) => Promise<unknown>
        const value = await handler(DESK_CALLS[name].input.parse(input))
        return { ok: true, value: DESK_CALLS[name].output.parse(structuredClone(value)) }
      } catch (error) {
        const known = error instanceof AppError ? error : new AppError('REQUEST_INVALID')
        if (!(error instanceof AppError)) console.error(name, error)
        return { ok: false, error: { code: known.code, detail: known.detail, id: 'err_7f3a2c91' } }
      }
    },
    on(event, listener) {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set.add(listener))
      return () => void set.delete(listener)
    },
  }
}
