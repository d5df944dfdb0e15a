import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyPageConfig } from '../../renderer/verify/build-page.ts'
import { encodePem } from '../../shared/pki/index.ts'
import { makePackage, openChain, openSigning, signDetached, utf8, zipOf } from '../unit/shared/exports/kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-page-'))
const place = (name: string): string => join(folder, name)
let browser: Browser
let page: Page
const asked: string[] = []

beforeAll(async () => {
  await build({
    ...verifyPageConfig,
    build: { ...verifyPageConfig.build, outDir: folder },
    configFile: false,
    logLevel: 'error',
  })
  // The page judges for now, so what it is given must be good now.
  const signing = await openSigning('ecdsa-sha256', new Date())
  const members = await makePackage(openChain(300), signing, { format: 'xml' })
  const zip = zipOf(members)
  writeFileSync(place('export.zip'), zip)
  const evidence = Buffer.from(zip).indexOf('holder-3')
  zip[evidence] = (zip[evidence] ?? 0) ^ 1
  writeFileSync(place('changed.zip'), zip)
  writeFileSync(place('note.txt'), 'signed')
  writeFileSync(place('note.txt.p7s'), await signDetached(signing, utf8('signed'), 'text/plain'))
  writeFileSync(place('anchor.pem'), encodePem('CERTIFICATE', signing.root.certificate.der))
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  })
  const context = await browser.newContext({ colorScheme: 'dark', locale: 'en-GB' })
  page = await context.newPage()
  page.on('request', (request) => {
    if (!/^(file|blob|data):/.test(request.url())) asked.push(request.url())
  })
  await page.goto(pathToFileURL(place('countersign-verify.html')).href)
})

afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

const verdict = async (...files: readonly string[]): Promise<string> => {
  await page.setInputFiles('#files', files.map(place))
  await page.click('#check')
  await page.waitForSelector('.verdict', { timeout: 60_000 })
  return page.innerText('.verdict small')
}

describe('when files are checked by the page from a disk', () => {
  it('asks for a file and an anchor first', async () => {
    expect(await page.isDisabled('#check')).toBe(true)
    await page.setInputFiles('#anchors', [place('anchor.pem')])
    await page.waitForSelector('#trusted li')
    expect(await page.innerText('#trusted')).toContain('Root')
    expect(await page.isDisabled('#check')).toBe(true)
  })

  it('tells a package that passes, one that was changed, and a signature', async () => {
    expect(await verdict('export.zip')).toContain('TOTAL-PASSED')
    expect(await page.innerText('#report')).toContain('Every entry of the chain is there')
    expect(await verdict('changed.zip')).toContain('TOTAL-FAILED')
    expect(await verdict('note.txt', 'note.txt.p7s')).toContain('TRY_LATER')
  })

  it('speaks Italian, is clean for axe in light and dark, and asks nobody', async () => {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      const { violations } = await new AxeBuilder({ page }).analyze()
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
    }
    await page.selectOption('#language', 'it')
    expect(await page.getAttribute('html', 'lang')).toBe('it')
    expect(asked).toEqual([])
  })
})
