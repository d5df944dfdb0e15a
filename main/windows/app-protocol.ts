import { protocol, type Session } from 'electron'
import { contentPolicy, screenHeaders } from '../ipc/content-policy.ts'
import { readScreenFile } from '../ipc/screen-files.ts'

const SCHEME = 'app'
export const APP_ORIGIN = `${SCHEME}://desk`
export const APP_PAGE = `${APP_ORIGIN}/index.html`
/** Chromium's built-in PDF viewer, in which the receipt is looked at and printed: files of the engine itself. */
const PDF_VIEWER = 'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/'
export const isPdfViewer = (url: string): boolean => url.startsWith(PDF_VIEWER)

/** Before Electron is ready: makes the scheme a secure origin of its own, which `file:` never is. */
export function declareScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, corsEnabled: false, stream: false }
  protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges }])
}

/** Serves the built screen to `app://desk` and nothing to anybody else. */
export function serveScheme(session: Session, folder: string): void {
  const headers = screenHeaders(contentPolicy())
  session.protocol.handle(SCHEME, async (request) => {
    const { host, pathname } = new URL(request.url)
    const file = host === 'desk' && request.method === 'GET' ? await readScreenFile(folder, pathname) : null
    if (file === null) return new Response('Not found.', { status: 404, headers })
    return new Response(new Uint8Array(file.bytes), { headers: { ...headers, 'content-type': file.type } })
  })
}

/** The page needs no network: what it asks of one is refused before a name is looked up. */
export function closeNetwork(session: Session): void {
  session.webRequest.onBeforeRequest((details, answer) => {
    const { protocol: scheme } = new URL(details.url)
    answer({ cancel: ![`${SCHEME}:`, 'blob:', 'data:', 'devtools:'].includes(scheme) && !isPdfViewer(details.url) })
  })
}
