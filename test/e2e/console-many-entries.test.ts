import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from './harness/chromium.ts'
import { openConsoleOf, sitDown } from './harness/console-people.ts'
import type { ConsoleScreen } from './harness/console-screen.ts'
import { DeskScreen } from './harness/desk-screen.ts'
import type { AuditEntryRow } from '../../shared/contract/index.ts'
import { RARE_EVERY, sampleOf } from '../bench/audit-sample.ts'
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

/** What the console asks for at once. */
const PAGE = 100
/** As `fillChain` makes them. */
const { offices, stations } = sampleOf(7, 0)
const [OFFICE, STATION] = [offices[3]!, stations[5]!]
/** The number in the first rare entry. */
const RARE_FIRST = 8
const isRecentEnrolment = (entry: AuditEntryRow): boolean =>
  entry.objectType === 'enrolment' && entry.time > Date.now() - 31 * 86_400_000

const sequences = (page: Page): Promise<number[]> =>
  page
    .getByTestId('audit-row')
    .evaluateAll((rows) => rows.map((row) => Number((row as HTMLElement).dataset['sequence'])))

describeDesk('virtual', 'The audit in the console with two hundred thousand entries', () => {
  let world: World
  let browser: Browser
  let desk: DeskScreen
  let auditor: ConsoleScreen
  let filled: { readonly chain: string; readonly tenant: string }
  tellOnFailure(() => ({ world, pages: [auditor?.page, desk?.page] }))
  oneAfterTheOther()

  beforeAll(async () => {
    ;[world, browser] = await Promise.all([
      World.start({
        cards: 'virtual',
        prepare: async (instance) => void (filled = await fillChain(instance, ENTRIES)),
      }),
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

  const rare = Math.ceil(ENTRIES / RARE_EVERY)
  it.each<[string, Record<string, string>, (entry: AuditEntryRow) => boolean, number]>([
    ['an object type', { objectType: 'card' }, (entry) => entry.objectType === 'card', PAGE],
    ['an operation', { action: 'AccessDenied' }, (entry) => entry.action === 'AccessDenied', PAGE],
    ['everything', {}, () => true, PAGE],
    [
      'two of each',
      { objectType: 'card,certificate', action: 'Insertion' },
      (entry) => ['card', 'certificate'].includes(entry.objectType) && entry.action === 'Insertion',
      PAGE,
    ],
    ['an office', { office: OFFICE }, (entry) => entry.office === OFFICE, PAGE],
    ['a station', { station: STATION }, (entry) => entry.station === STATION, PAGE],
    ['a chain', { chain: 'CHAIN' }, (entry) => entry.chain === filled.chain, PAGE],
    ['a tenant', { tenant: 'TENANT', objectType: 'holder' }, (entry) => entry.objectType === 'holder', PAGE],
    ['a rare word', { text: 'zeppelin' }, () => true, rare],
    ['a phrase', { text: `"zeppelin ${RARE_FIRST}"` }, () => true, 1],
    ['words in another order, which are no phrase', { text: `${RARE_FIRST} zeppelin` }, () => true, 1],
    ['a common word', { text: 'italia' }, (entry) => entry.objectType === 'holder', PAGE],
    ['a beginning', { text: 'zepp*' }, () => true, rare],
    ['a span of time with a type', { last: '30d', objectType: 'enrolment' }, isRecentEnrolment, PAGE],
    ['one’s own doing', { operator: 'Elena' }, (entry) => entry.operatorName === 'Elena Marchetti', PAGE],
  ])('answers soon for %s', async (_, asked, fits, most) => {
    const { page } = auditor
    const query = Object.fromEntries(
      Object.entries(asked).map(([name, value]) => [
        name,
        value === 'CHAIN' ? filled.chain : value === 'TENANT' ? filled.tenant : value,
      ]),
    )
    const began = performance.now()
    const search = new URLSearchParams(query).toString()
    const answered = page.waitForResponse((answer) => answer.url().includes('/api/v1/audit/entries?'))
    await page.goto(`${world.instance.serverUrl}/console/#/audit${search === '' ? '' : `?${search}`}`)
    const { items } = (await (await answered).json()) as { items: AuditEntryRow[] }
    expect(items.length).toBeGreaterThan(0)
    expect(items.length).toBeLessThanOrEqual(most)
    expect(items.filter((entry) => !fits(entry))).toEqual([])
    await page.waitForFunction(
      (wanted) => {
        const rows = [...document.querySelectorAll<HTMLElement>('[data-testid=audit-row]')]
        return rows.length > 0 && rows.every(({ dataset }, place) => Number(dataset['sequence']) === wanted[place])
      },
      items.map(({ sequence }) => sequence),
    )
    expect(performance.now() - began).toBeLessThan(ANSWER_MS)
  })

  it('says that nothing is found for a phrase whose words stand in another order', async () => {
    const { page } = auditor
    const text = encodeURIComponent(`"${RARE_FIRST} zeppelin"`)
    await page.goto(`${world.instance.serverUrl}/console/#/audit?text=${text}`)
    await auditor.see(page.getByText('No entry fits these filters'))
    expect(await auditor.byId('audit-row').count()).toBe(0)
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
