import { type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron'
import {
  DESK_EVENT_NAMES,
  DESK_EVENTS,
  type DeskEvent,
  type Failure,
  type Result,
} from '../../shared/contract/index.ts'
import type { DeskEvents, Log } from '../services/ports.ts'
import { APP_ORIGIN } from '../windows/app-protocol.ts'
import type { Dispatch } from './register.ts'

export const CALL_CHANNEL = 'desk.call'

/** Answers the calls of one page and tells it every event, parsed once more on the way out. Gives what ends both. */
export function serveWindow(
  page: WebContents,
  parts: { dispatch: Dispatch; events: DeskEvents; log: Log },
): () => void {
  const { dispatch, events, log } = parts
  ipcMain.handle(CALL_CHANNEL, (event, name: unknown, input: unknown): Promise<Result<unknown>> => {
    if (isTrusted(event, page)) return dispatch(name, input, 'electron')
    log.error('electron-host.sender-refused', { url: event.senderFrame?.url ?? null })
    const error: Failure = { code: 'ACCESS_DENIED', detail: { reason: 'sender' }, id: 'bridge' }
    return Promise.resolve({ ok: false, error })
  })
  const stops = DESK_EVENT_NAMES.map((name) => relay(name, page, events, log))
  return () => {
    ipcMain.removeHandler(CALL_CHANNEL)
    for (const stop of stops) stop()
  }
}

/** Only the main frame of our window, while it shows our page: a frame inside it, or a page it was led to, is nobody. */
function isTrusted(event: IpcMainInvokeEvent, page: WebContents): boolean {
  const frame = event.senderFrame
  return frame !== null && event.sender === page && frame === page.mainFrame && frame.origin === APP_ORIGIN
}

function relay(name: DeskEvent, page: WebContents, events: DeskEvents, log: Log): () => void {
  return events.on(name, (value) => {
    const parsed = DESK_EVENTS[name].safeParse(value)
    if (!parsed.success) log.error('bridge.event-invalid', { event: name, error: parsed.error })
    else if (!page.isDestroyed()) page.send(`desk.event.${name}`, parsed.data)
  })
}
