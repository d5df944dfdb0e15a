import '../ui/no-eval.ts'
import { z } from 'zod'
import {
  DESK_CALLS,
  DESK_EVENTS,
  type DeskBridge,
  type DeskCall,
  type DeskEvent,
  type DeskEventValue,
  type DeskInput,
  type DeskOutput,
} from '../../shared/contract/desk.ts'
import { AppError } from '../../shared/contract/errors.ts'
import { Failure } from '../../shared/contract/result.ts'
import { CallFailure } from '../ui/failure.ts'

declare global {
  interface Window {
    countersign?: DeskBridge
  }
}

const Answer = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), value: z.unknown() }),
  z.strictObject({ ok: z.literal(false), error: Failure }),
])

/** The desk's trusted process, typed. */
export interface Desk {
  /** Answers the parsed value; throws `CallFailure` with the desk's code, or CONTRACT_MISMATCH for an answer we do not understand. */
  call<C extends DeskCall>(name: C, input: DeskInput<C>): Promise<DeskOutput<C>>
  /** Subscribes; returns what ends the subscription. An event we do not understand is dropped. */
  on<E extends DeskEvent>(event: E, listener: (value: DeskEventValue<E>) => void): () => void
}

/** Wraps the raw bridge: names and shapes come from the contract, nothing from the other side is trusted unparsed. */
export function makeDesk(bridge: () => DeskBridge | undefined): Desk {
  const raw = (): DeskBridge => {
    const found = bridge()
    if (found === undefined) throw new AppError('CONTRACT_MISMATCH', { missing: 'bridge' })
    return found
  }
  return {
    async call(name, input) {
      const answer = Answer.safeParse(await raw().call(name, input))
      if (!answer.success) throw new AppError('CONTRACT_MISMATCH', { call: name })
      if (!answer.data.ok) throw new CallFailure(answer.data.error)
      const value = DESK_CALLS[name].output.safeParse(answer.data.value)
      if (!value.success) throw new AppError('CONTRACT_MISMATCH', { call: name })
      return value.data as DeskOutput<typeof name>
    },
    on(event, listener) {
      return raw().on(event, (value) => {
        const parsed = DESK_EVENTS[event].safeParse(value)
        if (parsed.success) listener(parsed.data as DeskEventValue<typeof event>)
      })
    },
  }
}
