import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { chromium, type Browser } from 'playwright-core'
import { startServer } from '../../main/launch/check.ts'
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

/** First contentful paint of desk and console, and what is loaded before it, against an empty page served the same way. */
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
  const { ours, theirs } = await alternate(
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
      ratio: round(ours / theirs),
      against: `an empty page (${Math.round(theirs)} ms)`,
      bar: { max: 4 },
    },
    { name: `${name}.bundle`, value: round(gzipBytes / KB), unit: 'kB', ratio: null, against: null, bar: { max: 350 } },
  ]
}

/** Opens a page with nothing cached; gives its first contentful paint and the gzip size of what had come by then. */
async function paint(browser: Browser, url: string): Promise<Painted> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 } })
  try {
    const page = await context.newPage()
    const bodies: { at: number; bytes: Promise<number> }[] = []
    page.on('requestfinished', (request) => {
      bodies.push({
        at: Date.now(),
        bytes: request
          .response()
          .then(async (response) => gzipSync((await response?.body()) ?? '').length)
          .catch(() => 0),
      })
    })
    await page.goto(url)
    const painted = await page.evaluate(async () => {
      for (let waited = 0; waited < 400; waited++) {
        const [entry] = performance.getEntriesByName('first-contentful-paint')
        if (entry !== undefined) return { ms: entry.startTime, at: performance.timeOrigin + entry.startTime }
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      throw new Error('nothing was painted')
    })
    const before = bodies.filter(({ at }) => at <= painted.at)
    const sizes = await Promise.all(before.map(({ bytes }) => bytes))
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
