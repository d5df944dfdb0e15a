import type { RawData, WebSocket } from 'ws'
import { DESK_EVENT_NAMES, type DeskEvent, DESK_EVENTS, type Result } from '../../../shared/contract/index.ts'
import type { DeskEvents, Log } from '../../services/ports.ts'
import type { Dispatch } from '../register.ts'
import { CallFrame, CLOSE } from './frames.ts'

const IN_FLIGHT_MAX = 64
const PING_EVERY_MS = 10_000

/** Serves one connected screen: its calls, and every event parsed once more on its way out. Gives what stops it. */
export function serveScreen(
  socket: WebSocket,
  parts: { dispatch: Dispatch; events: DeskEvents; log: Log },
): () => void {
  const { dispatch, events, log } = parts
  let inFlight = 0
  let isAlive = true
  const send = (message: unknown) => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message))
  }
  const failed = (id: number | null, code: 'REQUEST_INVALID' | 'REQUEST_RATE_LIMITED'): void => {
    const result: Result<never> = { ok: false, error: { code, detail: {}, id: 'bridge' } }
    send({ id, result })
  }
  const onMessage = async (data: RawData, isBinary: boolean): Promise<void> => {
    const frame = isBinary ? null : parseFrame(data)
    if (frame === null) return failed(null, 'REQUEST_INVALID')
    if (inFlight >= IN_FLIGHT_MAX) return failed(frame.id, 'REQUEST_RATE_LIMITED')
    inFlight += 1
    try {
      send({ id: frame.id, result: await dispatch(frame.call, frame.input, 'browser') })
    } finally {
      inFlight -= 1
    }
  }
  socket.on('message', (data, isBinary) => {
    onMessage(data, isBinary).catch((error: unknown) => {
      log.error('bridge.failed', { error })
      socket.close(CLOSE.garbage)
    })
  })
  socket.on('error', (error) => log.warn('bridge.socket', { error }))
  socket.on('pong', () => (isAlive = true))
  const ping = setInterval(() => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }, PING_EVERY_MS)
  ping.unref()
  const stops = DESK_EVENT_NAMES.map((name) => relay(name, events, log, send))
  return () => {
    clearInterval(ping)
    for (const stop of stops) stop()
  }
}

function relay(name: DeskEvent, events: DeskEvents, log: Log, send: (message: unknown) => void): () => void {
  return events.on(name, (value) => {
    const parsed = DESK_EVENTS[name].safeParse(value)
    if (parsed.success) send({ event: name, value: parsed.data })
    else log.error('bridge.event-invalid', { event: name, error: parsed.error })
  })
}

function parseFrame(data: RawData): { id: number; call: string; input?: unknown } | null {
  try {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
    const parsed = CallFrame.safeParse(JSON.parse(bytes.toString('utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
