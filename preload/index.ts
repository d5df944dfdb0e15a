import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron'
import type { DeskBridge, DeskCall, DeskEvent } from '../shared/contract/desk.ts'

/**
 * The whole bridge between the screen and the desk's trusted process, in Electron. Two functions and two lists of names
 * (filled in by the build from `shared/contract/desk.ts`): nothing else of Electron or Node reaches the page.
 */
declare const __DESK_CALL_NAMES__: readonly DeskCall[]
declare const __DESK_EVENT_NAMES__: readonly DeskEvent[]
const calls: ReadonlySet<string> = new Set(__DESK_CALL_NAMES__)
const events: ReadonlySet<string> = new Set(__DESK_EVENT_NAMES__)

const refused = { ok: false, error: { code: 'REQUEST_INVALID', detail: { reason: 'bridge' }, id: 'bridge' } }

const bridge: DeskBridge = {
  /** A name outside the contract does not leave the page. */
  call: (name, input) => (calls.has(name) ? ipcRenderer.invoke('desk.call', name, input) : Promise.resolve(refused)),
  /** Subscribes to one event; the returned function ends it. The page never sees Electron's own event object. */
  on: (event, listener) => {
    if (!events.has(event)) return () => undefined
    const channel = `desk.event.${event}`
    const receive = (_event: IpcRendererEvent, value: unknown) => listener(value)
    ipcRenderer.on(channel, receive)
    return () => void ipcRenderer.removeListener(channel, receive)
  },
}
contextBridge.exposeInMainWorld('countersign', bridge)
