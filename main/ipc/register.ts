import { randomBytes } from 'node:crypto'
import {
  AppError,
  DESK_CALLS,
  type DeskCall,
  type DeskHandlers,
  type ErrorDetail,
  type Failure,
  type Result,
} from '../../shared/contract/index.ts'
import { toAppError } from '../services/failure.ts'
import type { Log } from '../services/ports.ts'

/** Longest input of a call, as JSON. */
export const CALL_MAX_CHARS = 400_000
const BURST = 240
const PER_SECOND = 80

/** Who asks, for the log. The host has checked that it is the one screen it shows. */
export type Sender = 'electron' | 'browser' | 'program'
export type Dispatch = (name: unknown, input: unknown, sender?: Sender) => Promise<Result<unknown>>

/**
 * The one place where calls of the screen arrive, whatever the host. The screen is untrusted: the name must be in the
 * contract, input and answer are parsed, the rate is limited, and every failure becomes a code with an id under which
 * its cause is logged. It never throws.
 */
export function register(handlers: DeskHandlers, log: Log): Dispatch {
  const budget = new Budget()
  return async (name, input, sender = 'program') => {
    try {
      if (!budget.take()) throw new AppError('REQUEST_RATE_LIMITED')
      return { ok: true, value: await answer(handlers, name, input) }
    } catch (error) {
      return { ok: false, error: report(log, sender, name, error) }
    }
  }
}

const isCall = (name: unknown): name is DeskCall => typeof name === 'string' && Object.hasOwn(DESK_CALLS, name)

async function answer(handlers: DeskHandlers, name: unknown, input: unknown): Promise<unknown> {
  if (!isCall(name)) throw new AppError('REQUEST_INVALID', { field: 'call' })
  if (sizeOf(input) > CALL_MAX_CHARS) throw new AppError('REQUEST_TOO_LARGE', { call: name })
  const parsed = DESK_CALLS[name].input.safeParse(input)
  if (!parsed.success) {
    // The path only: what was typed may be personal, and an issue's message quotes it.
    const field = parsed.error.issues[0]?.path.join('.') ?? ''
    throw new AppError('REQUEST_INVALID', { call: name, field: field.slice(0, 200) })
  }
  const handler = handlers[name] as (input: unknown) => Promise<unknown>
  const value = DESK_CALLS[name].output.safeParse(await handler(parsed.data))
  if (!value.success) throw new AppError('CONTRACT_MISMATCH', { call: name }, { cause: value.error })
  return value.data
}

/** JSON length; infinite for what JSON cannot carry (a cycle, a bigint), which no call of the contract takes. */
function sizeOf(input: unknown): number {
  try {
    return JSON.stringify(input ?? null)?.length ?? Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

function report(log: Log, sender: Sender, name: unknown, error: unknown): Failure {
  const failure = toAppError(error)
  const id = `e-${randomBytes(5).toString('hex')}`
  const call = isCall(name) ? name : '(unknown)'
  const level = failure.code === 'INTERNAL' || failure.code === 'CONTRACT_MISMATCH' ? 'error' : 'warn'
  log[level]('call.failed', { id, call, sender, code: failure.code, error })
  return { code: failure.code, detail: short(failure.detail), id }
}

const short = (detail: ErrorDetail): Failure['detail'] =>
  Object.fromEntries(
    Object.entries(detail).map(([key, value]) => [
      key.slice(0, 64),
      typeof value === 'string' ? value.slice(0, 500) : value,
    ]),
  )

/** A token bucket: a screen gone wild must not keep the card worker and the server busy. */
class Budget {
  #tokens = BURST
  #atMs = performance.now()
  take(): boolean {
    const nowMs = performance.now()
    this.#tokens = Math.min(BURST, this.#tokens + ((nowMs - this.#atMs) / 1000) * PER_SECOND)
    this.#atMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
