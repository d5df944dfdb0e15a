/**
 * The page's half of the browser host's bridge: the same `window.countersign` as the Electron preload makes, over one
 * WebSocket. Served with its types stripped, before any script of the page; it imports nothing.
 */
;(() => {
  type Answer = (value: unknown) => void
  type Listener = (value: unknown) => void
  const KEY = 'countersign.bridge'
  const PROTOCOL = 'countersign.bridge.v1'
  const RETRY_MS = [100, 250, 500, 1000, 2000]
  const lost = (code: string) => ({ ok: false, error: { code, detail: { reason: 'bridge' }, id: 'bridge' } })

  const waiting = new Map<number, Answer>()
  const listeners = new Map<string, Set<Listener>>()
  let queue: string[] = []
  let socket: WebSocket | null = null
  let next = 0
  let tries = 0
  let isOver = false
  /** Whether a connection was lost: what the desk told meanwhile was not heard. */
  let isBehind = false
  /** What the desk told since it was asked where it stands. */
  let heard = new Set<string>()

  /** Calls that say what an event would have said. */
  const STATES: readonly (readonly [string, string])[] = [
    ['session.state', 'session'],
    ['connection.state', 'connection'],
    ['readers.list', 'readers'],
    ['witness.state', 'witness'],
  ]

  /** Says on the page itself what happened: the screen's own scripts cannot know. */
  function stop(title: string, text: string): void {
    isOver = true
    for (const answer of waiting.values()) answer(lost('WORKER_CRASHED'))
    waiting.clear()
    const show = () => {
      const box = document.createElement('main')
      box.setAttribute('role', 'alert')
      box.id = 'bridge-notice'
      box.style.cssText =
        'position:fixed;inset:0;z-index:2147483647;display:grid;place-content:center;gap:8px;padding:32px;text-align:center;font:15px/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText'
      const heading = document.createElement('h1')
      heading.style.cssText = 'font-size:20px;margin:0'
      heading.textContent = title
      const words = document.createElement('p')
      words.style.cssText = 'margin:0;max-width:52ch'
      words.textContent = text
      box.append(heading, words)
      document.body.append(box)
    }
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', show)
    else show()
  }

  function tell(event: string, value: unknown): void {
    for (const listener of listeners.get(event) ?? []) listener(value)
  }

  /** Asks the desk where it stands, and tells it as the events that were missed; what came meanwhile is newer. */
  async function catchUp(): Promise<void> {
    heard = new Set()
    const mine = heard
    for (const [call, event] of STATES) {
      const result = (await bridge.call(call, {})) as { ok: boolean; value?: unknown }
      if (mine !== heard) return
      if (result.ok && !mine.has(event)) tell(event, result.value)
    }
  }

  async function secret(): Promise<string | null> {
    const token = /^#token=([\w-]{43})$/.exec(location.hash)?.[1]
    if (token === undefined) return sessionStorage.getItem(KEY)
    // The token leaves the address before anything else: it must not stay in a history or a screenshot.
    history.replaceState(null, '', location.pathname + location.search)
    const answer = await fetch('/bridge/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })
    if (!answer.ok) return sessionStorage.getItem(KEY)
    const { secret } = (await answer.json()) as { secret: string }
    sessionStorage.setItem(KEY, secret)
    return secret
  }

  function open(key: string): void {
    const mine = new WebSocket(`ws://${location.host}/bridge/socket`, [PROTOCOL, `secret.${key}`])
    let wasOpen = false
    mine.addEventListener('message', (message: MessageEvent<string>) => {
      const frame = JSON.parse(message.data) as {
        ready?: true
        id?: number | null
        result?: unknown
        event?: string
        value?: unknown
      }
      if (frame.ready) {
        wasOpen = true
        tries = 0
        socket = mine
        for (const text of queue) mine.send(text)
        queue = []
        if (isBehind) void catchUp()
        isBehind = false
      } else if (frame.event !== undefined) {
        heard.add(frame.event)
        tell(frame.event, frame.value)
      } else if (typeof frame.id === 'number') {
        waiting.get(frame.id)?.(frame.result)
        waiting.delete(frame.id)
      }
    })
    mine.addEventListener('close', ({ code }) => {
      socket = null
      if (code === 4409)
        return stop(
          'The desk is open in another window',
          'Only one window may use the desk at a time. Go on in the other one, or close it and reload this page.',
        )
      // What was sent may have been done: it is not sent again, the screen decides.
      if (wasOpen) {
        isBehind = true
        for (const answer of waiting.values()) answer(lost('WORKER_CRASHED'))
        waiting.clear()
      }
      const wait = RETRY_MS[tries++]
      if (wait === undefined) return stop('The desk has stopped', 'Start it again and open the new link it gives.')
      setTimeout(() => open(key), wait)
    })
  }

  async function begin(): Promise<void> {
    const key = await secret()
    if (key !== null) open(key)
    else stop('This link was used already', 'It opens the desk once. Open the newest link that the desk printed.')
  }
  begin().catch(() => stop('The desk has stopped', 'Start it again and open the new link it gives.'))

  const bridge = {
    call(name: string, input: unknown): Promise<unknown> {
      if (isOver) return Promise.resolve(lost('WORKER_CRASHED'))
      const id = next++
      return new Promise((resolve) => {
        waiting.set(id, resolve)
        const text = JSON.stringify({ id, call: name, input })
        if (socket) socket.send(text)
        else queue.push(text)
      })
    },
    on(event: string, listener: Listener): () => void {
      const set = listeners.get(event) ?? new Set<Listener>()
      listeners.set(event, set)
      set.add(listener)
      return () => set.delete(listener)
    },
  }
  Object.defineProperty(window, 'countersign', { value: Object.freeze(bridge), writable: false, configurable: false })
})()
