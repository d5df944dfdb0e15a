import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from './harness/chromium.ts'
import { openConsoleOf, sitDown } from './harness/console-people.ts'
import type { ConsoleScreen } from './harness/console-screen.ts'
import { DeskScreen } from './harness/desk-screen.ts'
import { look } from './harness/look.ts'
import { fillChain } from './harness/many-entries.ts'
import { oneAfterTheOther, tellOnFailure } from './harness/on-failure.ts'
import { describeDesk } from './harness/suite.ts'
import { World } from './harness/world.ts'

const ENTRIES = 200_000
/** What a person still takes for an answer; a filter that reads every entry takes many times as long. */
const ANSWER_MS = 5000

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
  })
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
  })

  it.each([
    ['everything', {}, (row: string) => row !== ''],
    ['an object type', { objectType: 'card' }, (row: string) => row.includes('Card')],
    ['an operation', { action: 'AccessDenied' }, (row: string) => row.includes('Refused')],
    [
      'two of each',
      { objectType: 'card,holder', action: 'Insertion,Modification' },
      (row: string) => /Card|Holder/.test(row),
    ],
    ['a rare word', { text: 'zeppelin' }, (row: string) => row !== ''],
    ['a beginning', { text: 'zepp*' }, (row: string) => row !== ''],
    ['a common word', { text: 'italia' }, (row: string) => row.includes('Holder')],
    ['a span of time with a type', { last: '7d', objectType: 'holder' }, (row: string) => row.includes('Holder')],
    ['one’s own doing', { operator: 'Elena' }, (row: string) => row.includes('Elena Marchetti')],
  ])('answers soon for %s', async (_, query, fits) => {
    const { page } = auditor
    const began = performance.now()
    const hash = new URLSearchParams(query as Record<string, string>).toString()
    await page.goto(`${world.instance.serverUrl}/console/#/audit${hash === '' ? '' : `?${hash}`}`)
    await page.waitForFunction(() => {
      const list = document.querySelector<HTMLElement>('[data-testid=audit-list]')
      return list !== null && list.dataset['late'] === 'false' && list.querySelector('[data-testid=audit-row]') !== null
    })
    expect(performance.now() - began).toBeLessThan(ANSWER_MS)
    await page.waitForLoadState('networkidle')
    const rows = await auditor.byId('audit-row').allInnerTexts()
    expect(rows.filter((row) => !fits(row))).toEqual([])
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
    await auditor.see(progress.getByText(/of 200,\d+ entries checked · [\d,]+ per second · about .+ left/))
    await look(page, 'console-verifying')
    await auditor.button('Stop verification').click()
    await auditor.see(auditor.byId('verdict').getByText(/no verdict$/))
    await page.getByRole('radio', { name: /^Quick/ }).check()
    await auditor.button('Verify now').click()
    await page.waitForFunction(() =>
      document.querySelector('[data-testid=verdict]')?.textContent?.startsWith('The chain is whole: 200,'),
    )
    expect(auditor.complaints).toEqual([])
  })
})
