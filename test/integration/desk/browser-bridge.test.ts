import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type BrowserHost, startBrowserHost } from '../../../main/ipc/browser-host.ts'
import type { DeskBridge } from '../../../shared/contract/index.ts'
import { makeDesk, type TestDesk } from '../../fakes/desk/desk.ts'
import { describeWith } from '../../parts.ts'

declare global {
  interface Window {
    heard: unknown[]
    sessions: unknown[]
  }
}
const PAGE =
  '<!doctype html><html><head><title>desk</title><link rel="icon" href="data:," /><script type="module" src="./app.js"></script></head><body><p>the screen</p></body></html>'
const APP = `
  window.heard = []
  window.sessions = []
  window.countersign.on('readers', (value) => window.heard.push(value))
  window.countersign.on('session', (value) => window.sessions.push(value))
`
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const PROGRAM = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
].find((file) => existsSync(file))

let browser: Browser
let t: TestDesk
let host: BrowserHost
let folder: string
let context: BrowserContext
let page: Page
let complaints: string[]
async function start(): Promise<void> {
  t = await makeDesk()
  folder = mkdtempSync(join(tmpdir(), 'screen-'))
  writeFileSync(join(folder, 'index.html'), PAGE)
  writeFileSync(join(folder, 'app.js'), APP)
  const { dispatch, events, log } = t.desk
  host = await startBrowserHost({
    rendererFolder: folder,
    dispatch,
    events,
    log,
    onLink: () => undefined,
    relinkAfterMs: 100,
  })
  context = await browser.newContext()
  page = await open()
}
async function stop(): Promise<void> {
  await context.close()
  await host.close()
  await t.end()
  rmSync(folder, { recursive: true })
}
async function open(): Promise<Page> {
  const made = await context.newPage()
  complaints = []
  made.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  made.on('pageerror', (error) => complaints.push(error.message))
  return made
}
const info = (on: Page) =>
  on.evaluate(() => (window as unknown as { countersign: DeskBridge }).countersign.call('app.info', {}))
/** A lost connection is tried again within seconds. */
const SOON = { timeout: 10_000 }
const notice = (on: Page) => on.locator('#bridge-notice h1').textContent({ timeout: 15_000 })

describeWith(['chromium'], 'when the screen runs in Chromium', () => {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: PROGRAM!, args: QUIET })
  })
  afterAll(() => browser.close())
  beforeEach(start)
  afterEach(stop)

  it('has its bridge before its own scripts, and nothing of the token in its address', async () => {
    await page.goto(host.url)
    expect(await info(page)).toMatchObject({ ok: true, value: { host: 'browser' } })
    expect(page.url()).toBe(`${new URL(host.url).origin}/`)
    t.cards.insert('Reader B', null)
    await expect.poll(() => page.evaluate(() => window.heard.length)).toBe(1)
    expect(await page.evaluate(() => Object.keys((window as unknown as { countersign: object }).countersign))).toEqual([
      'call',
      'on',
    ])
    expect(complaints).toEqual([])
  })
  it('goes on after a reload', async () => {
    await page.goto(host.url)
    await info(page)
    for (let i = 0; i < 3; i++) {
      await page.reload()
      expect(await info(page)).toMatchObject({ ok: true })
    }
    expect(complaints).toEqual([])
  })
  it('hears after a lost connection what the desk told meanwhile', async () => {
    // Connections of this page that can be cut, and no new one made while `isCut`.
    await page.addInitScript(() => {
      const made: WebSocket[] = []
      const Real = window.WebSocket
      const state = { isCut: false, made }
      Object.assign(window, { line: state })
      window.WebSocket = class extends Real {
        constructor(url: string | URL, protocols?: string | string[]) {
          super(state.isCut ? `${String(url)}/cut` : url, protocols)
          made.push(this)
        }
      }
    })
    await page.goto(host.url)
    await info(page)
    await page.evaluate(() => {
      const { line } = window as unknown as { line: { isCut: boolean; made: WebSocket[] } }
      line.isCut = true
      for (const socket of line.made) socket.close()
    })
    await expect
      .poll(() => page.evaluate(() => (window as unknown as { line: { made: unknown[] } }).line.made.length))
      .toBeGreaterThan(1)
    t.cards.insert('Reader B', null)
    await page.evaluate(() => ((window as unknown as { line: { isCut: boolean } }).line.isCut = false))
    await expect
      .poll(() => page.evaluate(() => JSON.stringify(window.heard.at(-1) ?? null)), SOON)
      .toContain('Reader B')
    await expect.poll(() => page.evaluate(() => window.sessions.length), SOON).toBe(1)
    expect(await info(page)).toMatchObject({ ok: true })
  })
  it('tells a second window that the link was used', async () => {
    const link = host.url
    await page.goto(link)
    await info(page)
    const second = await open()
    await second.goto(link)
    expect(await notice(second)).toBe('This link was used already')
    expect(await info(page)).toMatchObject({ ok: true })
  })
  it('tells a duplicated tab that the desk is open elsewhere', async () => {
    await page.goto(host.url)
    await info(page)
    const [second] = await Promise.all([context.waitForEvent('page'), page.evaluate(() => void window.open('/'))])
    expect(await notice(second)).toBe('The desk is open in another window')
    expect(await info(page)).toMatchObject({ ok: true })
  })
  it('runs no inline script and loads nothing from elsewhere', async () => {
    await page.goto(host.url)
    const refused = await page.evaluate(async () => {
      const script = document.createElement('script')
      script.textContent = 'window.ran = true'
      document.head.append(script)
      const answer = await fetch('https://example.invalid/').catch((error: Error) => error.name)
      return { ran: 'ran' in window, answer }
    })
    expect(refused).toEqual({ ran: false, answer: 'TypeError' })
    expect(complaints.some((text) => text.includes('Content Security Policy'))).toBe(true)
  })
  it('says so when the desk stops, and answers what was asked', async () => {
    await page.goto(host.url)
    await info(page)
    await host.close()
    expect(await notice(page)).toBe('The desk has stopped')
    expect(await info(page)).toMatchObject({ ok: false, error: { code: 'WORKER_CRASHED' } })
  })
})
