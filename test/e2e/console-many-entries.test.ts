import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from './harness/chromium.ts'
import { openConsoleOf, sitDown } from './harness/console-people.ts'
import type { ConsoleScreen } from './harness/console-screen.ts'
import { DeskScreen } from './harness/desk-screen.ts'
import { RARE_EVERY } from '../bench/audit-sample.ts'
import { look } from './harness/look.ts'
import { fillChain } from './harness/many-entries.ts'
import { oneAfterTheOther, tellOnFailure } from './harness/on-failure.ts'
import { describeDesk } from './harness/suite.ts'
import { World } from './harness/world.ts'

/** Fewer for who is writing a test. */
const ENTRIES = Number(process.env['COUNTERSIGN_E2E_ENTRIES'] ?? 200_000)
/** Making them is most of the work. */
const MAKING_MS = 1_200_000
/** What a person still takes for an answer; a filter that reads every entry takes many times as long. */
const ANSWER_MS = 10_000

const sequences = (page: Page): Promise<number[]> =>
  page
    .getByTestId('audit-row')
    .evaluateAll((rows) => rows.map((row) => Number((row as HTMLElement).dataset['sequence'])))

describeDesk('virtual', 'The audit in the console with two hundred thousand entries', () => {
  let world: World
  let browser: Browser
  let desk: DeskScreen
  let auditor: ConsoleScreen
  tellOnFailure(() => ({ world, pages: [auditor?.page, desk?.page] }))
  oneAfterTheOther()

  beforeAll(async () => {
    ;[world, browser] = await Promise.all([
      World.start({ cards: 'virtual', prepare: (instance) => fillChain(instance, ENTRIES) }),
      launchChromium(),
    ])
    desk = await DeskScreen.open(world, browser)
    await sitDown(desk, 'auditor')
    auditor = await openConsoleOf(world, browser, desk, 'auditor')
  }, MAKING_MS)
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
  })

  it.each<[string, Record<string, string>, string, number]>([
    ['an object type', { objectType: 'card' }, 'Card', 50],
    ['an operation', { action: 'AccessDenied' }, 'Refused', 50],
    ['everything', {}, '#\\d+', 50],
    ['two of each', { objectType: 'card,certificate', action: 'Insertion' }, 'Created(.|\\n)*Card|Certificate', 50],
    ['a rare word', { text: 'zeppelin' }, '#\\d+', Math.ceil(ENTRIES / RARE_EVERY)],
    ['a common word', { text: 'italia' }, 'Holder', 50],
    ['a beginning', { text: 'zepp*' }, '#\\d+', Math.ceil(ENTRIES / RARE_EVERY)],
    ['a span of time with a type', { last: '30d', objectType: 'enrolment' }, 'Enrolment', 50],
    ['one’s own doing', { operator: 'Elena' }, 'Elena Marchetti', 50],
  ])('answers soon for %s', async (_, query, pattern, most) => {
    const { page } = auditor
    const began = performance.now()
    const search = new URLSearchParams(query).toString()
    await page.goto(`${world.instance.serverUrl}/console/#/audit${search === '' ? '' : `?${search}`}`)
    await page.waitForFunction(
      (wanted) => {
        const rows = [...document.querySelectorAll<HTMLElement>('[data-testid=audit-row]')]
        const fits = new RegExp(wanted.pattern)
        return rows.length > 0 && rows.length <= wanted.most && rows.every((row) => fits.test(row.innerText))
      },
      { pattern, most },
    )
    expect(performance.now() - began).toBeLessThan(ANSWER_MS)
  })

  it('scrolls far down, page after page, without a gap, and draws only what is seen', async () => {
    const { page } = auditor
    await page.goto(`${world.instance.serverUrl}/console/#/audit`)
    await auditor.see(auditor.byId('audit-row'))
    await page.waitForLoadState('networkidle')
    const top = Math.max(...(await sequences(page)))
    const list = auditor.byId('audit-list')
    for (let rows = 100; rows <= 2000; rows += 100) {
      await list.evaluate((box) => box.scrollTo({ top: box.scrollHeight }))
      await page.waitForFunction(
        (least) => {
          const box = document.querySelector('[data-testid=audit-list]')
          return box !== null && box.scrollHeight > least
        },
        (rows + 50) * 40,
      )
    }
    const seen = await sequences(page)
    expect(seen.length).toBeLessThan(60)
    expect(top - Math.min(...seen)).toBeGreaterThan(1500)
    for (const [index, sequence] of seen.slice(1).entries()) expect(seen[index]! - sequence).toBe(1)
    await list.evaluate((box) => box.scrollTo({ top: 0 }))
    await auditor.see(page.locator(`[data-testid=audit-row][data-sequence="${top}"]`))
  })

  it('keeps what is read in its place while new entries come, counts them, and goes up to them', async () => {
    const { page } = auditor
    await page.goto(`${world.instance.serverUrl}/console/#/audit?follow=on`)
    await auditor.see(page.getByRole('button', { name: 'Following' }))
    await page.waitForResponse(
      (answer) => answer.url().includes('/audit/new-entries?') && answer.url().includes('after='),
    )
    const list = auditor.byId('audit-list')
    await list.evaluate((box) => box.scrollTo({ top: 2000 }))
    const read = await page
      .locator('[data-testid=audit-row][data-index="55"]')
      .evaluate((row) => ({ sequence: (row as HTMLElement).dataset['sequence'], y: row.getBoundingClientRect().y }))
    await desk.signOut()
    await sitDown(desk, 'officer')
    const pill = await auditor.see(auditor.byId('unseen'))
    expect(await pill.innerText()).toMatch(/^\d+ new$/)
    const still = page.locator(`[data-testid=audit-row][data-sequence="${read.sequence}"]`)
    expect(Math.round((await still.boundingBox())!.y)).toBe(Math.round(read.y))
    await look(page, 'console-follow')
    await pill.click()
    await auditor.see(auditor.byId('audit-row').first().getByText('Giulia Conti'))
    expect(await list.evaluate((box) => box.scrollTop)).toBe(0)
    await auditor.byId('unseen').waitFor({ state: 'detached' })
  })

  it('verifies them all with progress and the time left, can be stopped, and ends with a verdict', async () => {
    const { page } = auditor
    await auditor.go('Verification')
    await page.getByRole('radio', { name: /^Full/ }).check()
    await auditor.button('Verify now').click()
    const progress = await auditor.see(auditor.byId('verification-progress'))
    await auditor.see(progress.getByText(/of [\d,]+ entries checked · [\d,]+ per second · about .+ left/))
    await look(page, 'console-verifying')
    await auditor.button('Stop verification').click()
    await auditor.see(auditor.byId('verdict').getByText(/no verdict$/))
    await page.getByRole('radio', { name: /^Quick/ }).check()
    await auditor.button('Verify now').click()
    const whole = /^The chain is whole: ([\d,]+) entries checked/
    await auditor.see(auditor.byId('verdict').filter({ hasText: /The chain is whole/ }))
    const checked = whole.exec(await auditor.byId('verdict').innerText())?.[1] ?? ''
    expect(Number(checked.replaceAll(',', ''))).toBeGreaterThan(ENTRIES)
    expect(auditor.complaints).toEqual([])
  })
})
