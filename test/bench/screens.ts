import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { chromium, type Browser, type Request } from 'playwright-core'
import { startServer } from '../../main/launch/server.ts'
import type { DemoInstance } from '../../main/launch/demo.ts'
import { startProgram, stopProgram } from '../../main/launch/processes.ts'
import { findChromium } from '../../main/launch/windows.ts'
import { alternate, round, type Figure } from './figure.ts'
import { withInstance } from './instance.ts'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const KB = 1000

/** First contentful paint of desk and console against an empty page served the same way, and what their first screen loads. */
export async function* benchScreens(): AsyncIterable<Figure> {
  const executablePath = findChromium()
  if (executablePath === null)
    throw new Error('Chromium is needed for desk.paint and console.paint: apt-get install chromium')
  const figures = await withInstance(async (instance) => {
    const browser = await chromium.launch({ executablePath, args: FLAGS })
    const server = await startServer(instance)
    try {
      return [...(await desk(browser, instance)), ...(await consoleScreen(browser, instance))]
    } finally {
      await browser.close()
      await stopProgram(server)
    }
  })
  yield* figures
}

async function desk(browser: Browser, instance: DemoInstance): Promise<Figure[]> {
  const links: string[] = []
  const program = await startProgram({
    name: 'The desk',
    script: 'main/browser.ts',
    args: ['--config', instance.deskConfig],
    onLine: (line) => typeof line['link'] === 'string' && links.push(line['link']),
  })
  links.push(String(program.ready['url']))
  const empty = await emptyPage()
  try {
    // Each one-time link opens one window; a new one is printed when that has gone.
    const open = async () => paint(browser, await nextLink(links))
    return await compare('desk', open, () => paint(browser, empty.url))
  } finally {
    empty.close()
    await stopProgram(program)
  }
}

async function nextLink(links: string[]): Promise<string> {
  for (let waited = 0; links.length === 0; waited++) {
    if (waited > 300) throw new Error('the desk gave no new link')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return links.shift()!
}

async function consoleScreen(browser: Browser, instance: DemoInstance): Promise<Figure[]> {
  writeFileSync(join(instance.folder, 'bare.json'), '{}')
  const bare = await startProgram({
    name: 'The bare server',
    script: 'test/bench/bare-server.ts',
    args: [instance.folder],
  })
  try {
    const empty = `https://127.0.0.1:${String(bare.ready['port'])}/`
    return await compare(
      'console',
      () => paint(browser, `${instance.serverUrl}/console/`),
      () => paint(browser, empty),
    )
  } finally {
    await stopProgram(bare)
  }
}

interface Painted {
  ms: number
  gzipBytes: number
}

async function compare(name: string, open: () => Promise<Painted>, empty: () => Promise<Painted>): Promise<Figure[]> {
  let gzipBytes = 0
  const { ours, theirs, ratio } = await alternate(
    async () => {
      const painted = await open()
      gzipBytes = painted.gzipBytes
      return painted.ms
    },
    async () => (await empty()).ms,
  )
  return [
    {
      name: `${name}.paint`,
      value: round(ours),
      unit: 'ms',
      ratio: round(ratio),
      against: `an empty page (${Math.round(theirs)} ms)`,
      bar: { max: 4 },
    },
    { name: `${name}.bundle`, value: round(gzipBytes / KB), unit: 'kB', ratio: null, against: null, bar: { max: 350 } },
  ]
}

/** Opens a page with nothing cached; gives its first contentful paint and the gzip size of all its first screen loads. */
async function paint(browser: Browser, url: string): Promise<Painted> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 } })
  try {
    const page = await context.newPage()
    const bodies: Promise<number>[] = []
    page.on('requestfinished', (request) => {
      bodies.push(sizeOf(request))
    })
    await page.goto(url)
    const painted = await page.evaluate(async () => {
      for (let waited = 0; waited < 400; waited++) {
        const [entry] = performance.getEntriesByName('first-contentful-paint')
        if (entry !== undefined) return { ms: entry.startTime }
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      throw new Error('nothing was painted')
    })
    // The name of the page is painted before its scripts have come: the size counted is what the first whole screen needs.
    if (url.includes('#token') || url.includes('/console/')) await page.getByRole('heading', { level: 1 }).waitFor()
    const sizes = await Promise.all(bodies)
    return { ms: painted.ms, gzipBytes: sizes.reduce((sum, size) => sum + size, 0) }
  } finally {
    await context.close()
  }
}

async function emptyPage(): Promise<{ url: string; close: () => void }> {
  const server = createServer((_request, response) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><html lang="en"><title>Empty</title><p>Empty</p></html>'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() }
}

/** Gzip size of an answer's body; nothing for one that has none (a redirect, a socket). */
async function sizeOf(request: Request): Promise<number> {
  try {
    const response = await request.response()
    return response === null ? 0 : gzipSync(await response.body()).length
  } catch {
    // The browser has let go of the body: a navigation's, not a part of the screen.
    return 0
  }
}
