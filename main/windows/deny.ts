import type { App, Session } from 'electron'
import type { Log } from '../services/ports.ts'
import { APP_ORIGIN, isPdfViewer } from './app-protocol.ts'

/**
 * Closes every way out of the one page, for every web contents there will ever be: no navigation, no redirect, no new
 * window, no <webview>. What a deceived page tries is logged by its origin, never by its whole address.
 */
export function denyEscapes(app: App, log: Log): void {
  const refused = (what: string, url: string) => log.warn('window.refused', { what, origin: originOf(url) })
  app.on('web-contents-created', (_created, contents) => {
    contents.setWindowOpenHandler(({ url }) => {
      refused('window', url)
      return { action: 'deny' }
    })
    contents.on('will-navigate', (event) => {
      event.preventDefault()
      refused('navigation', event.url)
    })
    contents.on('will-frame-navigate', (event) => {
      // Only a receipt is ever shown in a frame, from the page's own memory, by the browser engine's own viewer.
      if (!event.isMainFrame && (event.url.startsWith('blob:') || isPdfViewer(event.url))) return
      event.preventDefault()
      refused('frame', event.url)
    })
    contents.on('will-redirect', (event) => {
      event.preventDefault()
      refused('redirect', event.url)
    })
    contents.on('will-attach-webview', (event) => {
      event.preventDefault()
      refused('webview', '')
    })
  })
}

/**
 * No camera, no location, no device, no clipboard reading: nothing of it is part of the desk. Our own page alone may write
 * plain text to the clipboard, which "Copy details" does (Chromium asks for it where a person pressed a button).
 */
export function denyPermissions(session: Session): void {
  const allowed = (permission: string, asking: string) => permission === COPYING && isOurs(asking)
  session.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) =>
    answer(allowed(permission, requestingUrl)),
  )
  session.setPermissionCheckHandler((_contents, permission, origin) => allowed(permission, origin))
  session.setDevicePermissionHandler(() => false)
}

const COPYING = 'clipboard-sanitized-write'
const isOurs = (url: string): boolean => url === APP_ORIGIN || url.startsWith(`${APP_ORIGIN}/`)

function originOf(url: string): string {
  try {
    return new URL(url).origin
  } catch {
    return '(none)'
  }
}
