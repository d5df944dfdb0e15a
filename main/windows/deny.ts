import type { App, Session } from 'electron'
import type { Log } from '../services/ports.ts'

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
      // Only a receipt is ever shown in a frame, from the page's own memory.
      if (!event.isMainFrame && event.url.startsWith('blob:')) return
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

/** No camera, no location, no device, no clipboard reading: nothing of it is part of the desk. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => answer(false))
  session.setPermissionCheckHandler(() => false)
  session.setDevicePermissionHandler(() => false)
}

function originOf(url: string): string {
  try {
    return new URL(url).origin
  } catch {
    return '(none)'
  }
}
