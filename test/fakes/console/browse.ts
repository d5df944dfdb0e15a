import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build } from 'vite'
import { loadConsoleConfig } from './built.ts'
import { REPORTS, standInWorker } from './verify-worker.ts'
import { ordinaryBehaviour, startFakeConsoleServer } from './server.ts'

/**
 * Walks through every screen of the built console in Chromium: a picture of each, and axe. Ends with the number of
 * findings (axe, broken policy, errors on the page). `node test/fakes/console/browse.ts [--out DIR] [--italian] [--zoom] [--quick] [--only NAME]`;
 * `--quick` is one size in the light scheme, `--wide` the other in the dark one, `--zoom` is 1280×800 at 200 %.
 */
const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    italian: { type: 'boolean', default: false },
    zoom: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    wide: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
})
const out = values.out ?? mkdtempSync(join(tmpdir(), 'console-pictures-'))
mkdirSync(out, { recursive: true })
const files = join(out, 'built')
const config = await loadConsoleConfig()
await build({ ...config, logLevel: 'error', build: { ...config.build, outDir: files } })

const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const SIZES = values.zoom
  ? [{ width: 640, height: 400 }]
  : [
      { width: 1280, height: 800 },
      { width: 1920, height: 1080 },
    ]
let findings = 0
const report = (what: string) => {
  findings++
  console.log(`  ! ${what}`)
}

const axe = async (page: Page, name: string): Promise<void> => {
  const { violations } = await new AxeBuilder({ page }).analyze()
  for (const violation of violations)
    for (const node of violation.nodes)
      report(`${name}: ${violation.id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`)
}

const open = async (browser: Browser, size: { width: number; height: number }, scheme: 'light' | 'dark') => {
  const context = await browser.newContext({
    viewport: size,
    deviceScaleFactor: values.zoom ? 2 : 1,
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: values.italian ? 'it-IT' : 'en-GB',
    timezoneId: 'Europe/Rome',
  })
  const page = await context.newPage()
  await page.addInitScript(standInWorker, REPORTS)
  page.setDefaultTimeout(8000)
  page.on('pageerror', (error) => report(`page error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) report(message.text())
  })
  return page
}

const walk = async (browser: Browser, size: { width: number; height: number }, scheme: 'light' | 'dark') => {
  const behaviour = ordinaryBehaviour()
  const server = await startFakeConsoleServer(behaviour, { files })
  const page = await open(browser, size, scheme)
  const tag = `${size.width}-${scheme}${values.italian ? '-it' : ''}`
  const picture = async (name: string, settle: () => Promise<unknown>) => {
    await settle()
    if (values.only === undefined || name.includes(values.only)) {
      await page.screenshot({ path: join(out, `${tag}-${name}.png`) })
      await axe(page, `${tag} ${name}`)
    }
  }
  const at = (hash: string) => page.goto(`${server.url}/console/#/${hash}`)
  const seen = (selector: string) => page.locator(selector).first().waitFor()
  try {
    await at('')
    await picture('sign-in', () => seen('[data-testid=console-code]'))
    server.decide(false)
    await picture('sign-in-refused', () => seen('[role=alert]'))
    await page.locator('button').last().click()
    await seen('[data-testid=console-code]')
    server.decide(true)
    await picture('overview', () => seen('tbody tr'))
    await at('audit')
    await picture('audit', () => seen('[data-testid=audit-row]'))
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await seen('[data-testid=audit-entry] dl')
    await page.keyboard.press('j')
    await page.waitForTimeout(300)
    await picture('audit-entry', () => seen('[data-testid=audit-entry] dl'))
    await page.keyboard.press('Escape')
    await page.locator('[data-testid=audit-entry]').waitFor({ state: 'detached' })
    await at('audit?last=7d&objectType=holder&action=Modification&operator=Elena')
    await picture('audit-filtered', () => seen('[data-testid=audit-row]'))
    await page.locator('[data-open=true] a, [data-testid=audit-row] a').first().click()
    await picture('audit-difference', () => seen('[data-testid=audit-entry] table'))
    await at('audit?text=nothing-has-this')
    await picture('audit-nothing', async () => {
      await page.locator('[data-testid=audit-row]').first().waitFor({ state: 'detached' })
      await page.waitForTimeout(200)
    })
    await at('audit?objectType=holder,card&action=Modification&operator=Elena,Paolo&office=Central&follow=on')
    await picture('audit-many-filters', () => seen('[data-testid=audit-row]'))
    const saved = page.locator('button[aria-haspopup=dialog]', { hasText: /saved|salvati/i })
    await saved.click()
    await page.locator('form input').last().fill('Night sign-ins')
    await page.locator('form button[type=submit]').last().click()
    await picture('audit-saved', () => seen('button[aria-pressed=true] >> text=Night'))
    await page.keyboard.press('Escape')
    await at('audit?follow=on')
    await seen('[data-testid=audit-row]')
    await page.waitForTimeout(2500)
    await page.locator('[data-testid=audit-list]').evaluate((list) => list.scrollTo({ top: 400 }))
    for (let n = 0; n < 12; n++) server.happen()
    await picture('audit-follow', () => seen('[data-testid=unseen]'))
    await at('trail/holder/holder_00000003')
    await picture('trail', () => seen('[data-testid=trail-entry]'))
    await at('trail/holder/holder_00000005')
    await picture('trail-erased', () => seen('[data-testid=erased]'))
    await at('verification')
    await picture('verification-empty', () => seen('input[type=radio]'))
    await page.getByTestId('verify').click()
    await picture('verification-running', () => seen('[data-testid=verification-progress]'))
    await picture('verification-passed', () => seen('[data-testid=verdict]'))
    behaviour.faults = [
      { kind: 'altered', chain: 'desk-server-1', sequence: 41, what: 'operator_id' },
      { kind: 'payload-mismatch', chain: 'desk-server-1', sequence: 57, what: 'payload' },
    ]
    behaviour.verifyPerSecond = 100_000
    await page.locator('input[value=full]').check()
    await page.getByTestId('verify').click()
    await picture('verification-failed', () => seen('[data-testid=fault]'))
    await page.reload()
    await picture('alarm-banner', () => seen('[data-testid=alarm-banner]'))
    await at('alarms')
    await picture('alarms', () => seen('[data-testid=alarm]'))
    await page.locator('[data-testid=alarm] button').first().click()
    await picture('alarm-acknowledge', () => seen('[role=dialog] textarea'))
    await page.keyboard.press('Escape')
    await at('')
    await picture('overview-alarm', () => seen('tbody tr'))
    await at('chains')
    await picture('chains', () => seen('[data-testid=witness]'))
    await page.locator('[data-testid=witness] button').first().click()
    await picture('chains-release', () => seen('[role=dialog] textarea'))
    await page.keyboard.press('Escape')
    await at('exports')
    await picture('exports', () => seen('[data-testid=export]'))
    await at('exports?id=export_00000001')
    await picture('export-ready', () => seen('[data-testid=manifest-digest]'))
    await page.locator('[data-testid=export-details] button', { hasText: /signature|firma/i }).click()
    await picture('export-second', () => seen('[role=dialog] [data-digest]'))
    await page.keyboard.press('Escape')
    await page.locator('[data-testid=export-details] button', { hasText: /delete|elimina/i }).click()
    await picture('export-delete', () => seen('[role=dialog] input'))
    await page.keyboard.press('Escape')
    await at('exports?id=export_00000002')
    await picture('export-failed', () => seen('[data-testid=export-details]'))
    await at('exports/new?of=search&last=7d&objectType=holder')
    await picture('export-new', () => seen('[data-testid=export-estimate]'))
    await at('exports/new?of=chain&chain=desk-server-1')
    await page.waitForTimeout(500)
    await picture('export-new-chain', () => seen('[data-testid=export-estimate]'))
    await page.locator('textarea').first().fill('Request 41/2026 of the court of Milan')
    await page.locator('[data-primary]').click()
    await seen('[data-testid=export][data-state=running]')
    await page.waitForTimeout(5000)
    await picture('export-running', () => seen('[data-testid=export] [role=progressbar]'))
    await at('exports/new')
    await picture('export-nothing', () => seen('h1'))
    await at('check')
    await picture('check', () => seen('[data-testid=trust] input'))
    for (const name of ['slow', 'good', 'changed', 'unknown']) {
      await page
        .locator('input[type=file]')
        .first()
        .setInputFiles({
          name: `${name}.zip`,
          mimeType: 'application/zip',
          buffer: Buffer.alloc(1000),
        })
      await page.getByTestId('check-now').click()
      if (name === 'slow') {
        await picture('check-running', () => seen('[data-testid=checking] [role=status]'))
        await page.getByTestId('checking').locator('button').click()
      } else await picture(`check-${name}`, () => seen('[data-testid=verdict]'))
    }
    await at('keys')
    await picture('key-store', () => seen('[data-testid=key]'))
    await at('retention')
    await picture('retention', () => seen('tbody tr'))
    await page.locator('input[type=radio]').last().check()
    await page.locator('input[inputmode]').first().fill('6')
    await picture('retention-months', () => seen('[role=status]'))
    await page.locator('textarea').first().fill('Policy 12')
    await page.locator('form button[type=submit]').click()
    await at('retention/cleaning')
    await picture('cleaning', () => seen('[data-testid=cleaning-plan] button'))
    await page.locator('[data-testid=cleaning-plan] button').click()
    await picture('cleaning-confirm', () => seen('[role=dialog] textarea'))
    await page.locator('[role=dialog] textarea').first().fill('Policy 12')
    await page.locator('[role=dialog] input').fill('desk-server-1')
    await page.locator('[role=dialog] button[type=submit]').click()
    await seen('[data-testid=cleaning]')
    await at('retention/erasure')
    await picture('erasure', () => seen('[data-testid=erasure-waiting]'))
    await at('access')
    await picture('access', () => seen('[role=row] >> nth=2'))
    await at('access/review?year=2025')
    await picture('access-review', () => seen('[data-testid=access-month]'))
    await at('jobs')
    await picture('jobs', () => seen('[data-testid=job]'))
    await page.locator('[data-testid=schedule] button').last().click()
    await picture('schedule', () => seen('[role=dialog] input'))
    await page.keyboard.press('Escape')
    await at('jobs/mail')
    await seen('[data-testid=recipient]')
    await page.locator('[data-testid=recipient] button').first().click()
    await picture('mail', () => seen('[data-testid=test-mail]'))
    await at('health')
    await picture('health', () => seen('tbody tr'))
    await at('operators')
    await picture('operators', () => seen('[role=row] >> nth=2'))
    await at('stations')
    await picture('stations', () => seen('[role=row] >> nth=2'))
    await page.keyboard.press('Control+k')
    await picture('palette', () => seen('[role=option]'))
    await page.keyboard.press('Escape')
    await page.locator('[role=dialog]').waitFor({ state: 'detached' })
    await page.locator('h1').focus()
    await page.keyboard.press('?')
    await picture('keys', () => seen('kbd >> nth=4'))
    await page.keyboard.press('Escape')
    behaviour.failing.add('listOperators')
    await at('operators?again')
    await page.reload()
    await picture('failure', () => seen('[role=alert]'))
    await at('nowhere')
    await picture('unknown', () => seen('h1'))
    await at('audit')
    await seen('[data-testid=audit-row]')
    await page.locator('header button[aria-haspopup=menu]').last().click()
    await page.locator('[role=menuitem]').last().click()
    await seen('[data-testid=console-code]')
    behaviour.roles = ['SA']
    server.decide(true)
    await seen('nav')
    await at('audit')
    await picture('not-permitted', () => seen('h1'))
  } finally {
    await page.context().close()
    await server.close()
  }
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM_ARGS })
try {
  const sizes = values.quick ? SIZES.slice(0, 1) : values.wide ? SIZES.slice(-1) : SIZES
  const schemes = values.quick ? (['light'] as const) : values.wide ? (['dark'] as const) : (['light', 'dark'] as const)
  for (const size of sizes)
    for (const scheme of schemes) {
      console.log(`${size.width}×${size.height} ${scheme}`)
      await walk(browser, size, scheme)
    }
} finally {
  await browser.close()
}
console.log(`${findings} findings; pictures in ${out}`)
process.exitCode = findings === 0 ? 0 : 1
