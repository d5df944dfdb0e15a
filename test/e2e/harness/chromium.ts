import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { findChromium } from '../../../main/launch/windows.ts'

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** What a step may take on a slow machine before the test says that it did not come. */
export const PATIENCE_MS = 30_000

export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === null) throw new Error('Chromium is missing: apt-get install chromium')
  return chromium.launch({ executablePath, args: ARGS })
}

export interface OpenPage {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors of the page and of its security policy, as they came. */
  readonly complaints: string[]
}

/** A page as one of our people has it: 1280×800, still, on Italian time. */
export async function openPage(
  browser: Browser,
  options: { locale?: string; anyServer?: boolean } = {},
): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: 'reduce',
    locale: options.locale ?? 'en-GB',
    timezoneId: 'Europe/Rome',
    ignoreHTTPSErrors: options.anyServer === true,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  return { page, context, complaints: listen(page) }
}

export function listen(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // A refused or failed request is told by the screen itself.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text()))
      complaints.push(message.text())
  })
  return complaints
}
