import { beforeEach, describe, expect, it, vi } from 'vitest'
import { DESK_CALL_NAMES, DESK_EVENT_NAMES, type DeskBridge } from '../../../shared/contract/index.ts'
import * as electron from '../../fakes/electron/electron.ts'

const stand = vi.hoisted(() => ({ in: null as unknown }))
vi.mock('electron', () => ({ ...(stand.in as object) }))
stand.in = electron
let bridge: DeskBridge
beforeEach(async () => {
  electron.resetElectron()
  vi.resetModules()
  vi.stubGlobal('__DESK_CALL_NAMES__', DESK_CALL_NAMES)
  vi.stubGlobal('__DESK_EVENT_NAMES__', DESK_EVENT_NAMES)
  await import('../../../preload/index.ts')
  bridge = electron.exposed.get('countersign') as DeskBridge
})

describe('when the page gets its bridge', () => {
  it('finds two functions and nothing else', () => {
    expect([...electron.exposed.keys()]).toEqual(['countersign'])
    expect(Object.keys(bridge).sort()).toEqual(['call', 'on'])
  })
  it.each(DESK_CALL_NAMES)('passes %s on', async (name) => {
    await bridge.call(name, { a: 1 })
    expect(electron.ipcRenderer.invoke).toHaveBeenCalledWith('desk.call', name, { a: 1 })
  })
  it.each(['', 'app.quit', 'ELECTRON_BROWSER_REQUIRE', 'constructor', '__proto__', 'desk.call'])(
    'keeps %j back',
    async (name) => {
      expect(await bridge.call(name, {})).toMatchObject({ ok: false, error: { code: 'REQUEST_INVALID' } })
      expect(electron.ipcRenderer.invoke).not.toHaveBeenCalled()
    },
  )
})

describe('when the page subscribes', () => {
  it.each(DESK_EVENT_NAMES)('hears %s until it ends the subscription, without the Electron event', (name) => {
    const heard: unknown[][] = []
    const stop = bridge.on(name, (...args: unknown[]) => void heard.push(args))
    electron.ipcRenderer.emit(`desk.event.${name}`, { sender: 'electron' }, 'value')
    expect(heard).toEqual([['value']])
    stop()
    electron.ipcRenderer.emit(`desk.event.${name}`, {}, 'again')
    expect(heard).toHaveLength(1)
    expect(electron.ipcRenderer.eventNames()).toEqual([])
  })
  it('does not listen to what is not in the contract', () => {
    bridge.on('desk.call', () => undefined)()
    bridge.on('error', () => undefined)
    expect(electron.ipcRenderer.eventNames()).toEqual([])
  })
})
