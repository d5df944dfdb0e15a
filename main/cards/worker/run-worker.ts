import { AppError } from '../../../shared/contract/errors.ts'
import type { CardStack } from '../stack/card-stack.ts'
import { openCardStack, type CardStackConfig } from '../stack/open-stack.ts'
import { CALL_NAMES, type CallName, type FromWorker, type ToWorker, type WorkerPort } from './protocol.ts'

/** Answers the supervisor until told to close or left alone; then resets every card and ends through `exit`. */
export function runWorker(port: WorkerPort, exit: (code: number) => void): void {
  let stack: CardStack | null = null
  let closing = false
  const close = async (): Promise<void> => {
    if (closing) return
    closing = true
    try {
      await stack?.close()
    } finally {
      exit(0)
    }
  }
  const onMessage = async (message: ToWorker): Promise<void> => {
    if (message.type === 'start') stack = await start(port, message.config, message.recovered)
    else if (message.type === 'close') await close()
    else if (stack !== null) port.post(await answer(port, stack, message))
  }
  port.onMessage((message) => void onMessage(message).catch((error: unknown) => fail(port, error, exit)))
  port.onDisconnect(() => void close().catch(() => exit(1)))
}

async function start(port: WorkerPort, config: CardStackConfig, recovered: boolean): Promise<CardStack> {
  const stack = await openCardStack(config)
  if (recovered) await stack.resetAll()
  stack.onReaders((readers) => port.post({ type: 'readers', readers, serviceDown: stack.serviceDown() }))
  port.post({ type: 'ready', serviceDown: stack.serviceDown(), readers: await stack.readers() })
  return stack
}

async function answer(
  port: WorkerPort,
  stack: CardStack,
  { id, name, args }: Extract<ToWorker, { type: 'call' }>,
): Promise<FromWorker> {
  try {
    if (!isCallName(name)) throw new AppError('CONTRACT_MISMATCH', { name })
    const call = stack[name] as (...args: unknown[]) => Promise<unknown>
    return { type: 'answer', id, value: await call.apply(stack, [...args]) }
  } catch (error) {
    const { code, detail } = report(port, error)
    return { type: 'error', id, code, detail }
  }
}

function fail(port: WorkerPort, error: unknown, exit: (code: number) => void): void {
  const { code, detail } = report(port, error)
  port.post({ type: 'failed', code, detail })
  exit(1)
}

function report(port: WorkerPort, error: unknown): AppError {
  const known = error instanceof AppError ? error : new AppError('INTERNAL', {}, { cause: error })
  if (known.cause instanceof Error) port.post({ type: 'log', code: known.code, cause: known.cause.message })
  return known
}

const isCallName = (name: string): name is CallName => (CALL_NAMES as readonly string[]).includes(name)
