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

/** As a PDF this many take longer than a person needs to change their mind; still few enough for one. */
const ENTRIES = 18_000
const MAKING_MS = 600_000

describeDesk('virtual', 'An export that is stopped, or deleted', () => {
  let world: World
  let browser: Browser
  let desk: DeskScreen
  let auditor: ConsoleScreen
  /** The same console once more, as it stood in another window. */
  let other: Page
  let filled: { readonly chain: string }
  tellOnFailure(() => ({ world, pages: [auditor?.page, desk?.page, other] }))
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

  const row = (state: string, number = 0) =>
    auditor.page.locator(`[data-testid=export][data-state=${state}]`).nth(number)
  const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')
  /** Orders the chain from its page. */
  const order = async (format: string, reason: string) => {
    const { page } = auditor
    await page.getByRole('link', { name: 'Witnesses', exact: true }).click()
    await page.getByRole('link', { name: 'Export this chain' }).click()
    await auditor.see(auditor.byId('export-estimate'))
    await page.getByRole('radio', { name: format, exact: true }).check()
    await page.getByLabel('Reason').fill(reason)
    await auditor.button(/^Export and sign/).click()
    await auditor.see(auditor.heading('Exports'))
  }

  it('shows how far it is, and goes on where the question is left', async () => {
    const { page } = auditor
    await order('PDF report', 'Ordered by mistake')
    const running = await auditor.see(row('running'))
    await running
      .getByRole('status')
      .filter({ hasText: /entries/ })
      .waitFor()
    const bar = running.getByRole('progressbar', { name: 'Entries written' })
    expect(Number(await bar.getAttribute('aria-valuenow'))).toBeGreaterThanOrEqual(0)
    const stop = running.getByRole('button', { name: `Stop export: Whole chain ${filled.chain}` })
    await stop.focus()
    await page.keyboard.press('Enter')
    const question = await auditor.see(page.getByRole('dialog', { name: 'Stop this export?' }))
    await question.getByText('nothing half-made is kept').waitFor()
    // Whoever presses Enter without reading stops nothing.
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Let it go on')
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    expect(await row('running').count()).toBe(1)
    await expect.poll(() => focused(page)).toBe(`Stop export: Whole chain ${filled.chain}`)
  })

  it('is stopped by keyboard, and says what became of it and what to do', async () => {
    const { page } = auditor
    await page.keyboard.press('Enter')
    const question = await auditor.see(page.getByRole('dialog', { name: 'Stop this export?' }))
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await question.waitFor({ state: 'detached' })
    await auditor.see(row('cancelled'))
    await expect.poll(() => focused(page)).toBe(`Details: Whole chain ${filled.chain}`)
    const ended = await auditor.see(auditor.byId('export-ended'))
    expect(await ended.innerText()).toContain('nothing half-made was kept')
    expect(await page.getByRole('button', { name: /^(Download|Stop export)/ }).count()).toBe(0)
    await look(page, 'console-export-cancelled')
  })

  it('is ordered again from there, and asked about in words that fit', async () => {
    const { page } = auditor
    await page.getByRole('link', { name: 'Order it again' }).click()
    await auditor.see(auditor.byId('export-estimate'))
    await auditor.see(page.getByText(`Whole chain ${filled.chain}`))
    await page.getByRole('radio', { name: 'PDF report', exact: true }).check()
    await page.getByLabel('Reason').fill('Ordered again')
    await auditor.button(/^Export and sign/).click()
    const running = await auditor.see(row('running'))
    await running.getByRole('button', { name: /^Stop export/ }).click()
    await auditor.see(page.getByRole('dialog', { name: 'Stop this export?' }))
    // It stays, and says so, where the export ends while it is looked at.
    await look(page, 'console-export-stop')
    const question = page.getByRole('dialog', { name: 'Stop this export?' })
    await question
      .getByRole('button', { name: /^(Let it go on|Close)$/ })
      .last()
      .click()
    await question.waitFor({ state: 'detached' })
  })

  it('is stopped at the desk as well', async () => {
    await order('PDF report', 'Ordered by mistake, once more')
    await auditor.see(row('running'))
    await desk.go('Exports')
    const running = desk.page.locator('[data-testid=export][data-state=running]')
    // The newest is on top.
    await running
      .first()
      .getByRole('button', { name: /^Stop export/ })
      .click()
    const question = await desk.see(desk.page.getByRole('dialog', { name: 'Stop this export?' }))
    await question.getByRole('button', { name: 'Stop export' }).click()
    await question.waitFor({ state: 'detached' })
    const cancelled = desk.page.locator('[data-testid=export][data-state=cancelled]').first()
    await cancelled.getByRole('button', { name: /^Show/ }).click()
    const ended = await desk.see(desk.byId('export-ended'))
    expect(await ended.innerText()).toContain('ordered again in the console')
    await look(desk.page, 'desk-export-cancelled')
    await auditor.see(row('cancelled', 1))
  })

  it('is deleted once its name is typed, and cannot be downloaded any more', async () => {
    const { page } = auditor
    await order('CSV', 'For the archive')
    await page.getByRole('button', { name: /^Download / }).waitFor({ timeout: 120_000 })
    // With nothing under way no list asks again by itself.
    await row('running').waitFor({ state: 'detached', timeout: 120_000 })
    other = await page.context().newPage()
    await other.goto(page.url())
    const stale = other.getByRole('button', { name: /^Download / })
    await stale.waitFor()

    const saving = page.waitForEvent('download')
    await page.getByRole('button', { name: /^Download / }).click()
    await (await saving).path()
    const link = await (await auditor.see(auditor.byId('download-begun'))).getByRole('link').getAttribute('href')
    const status = (address: string | null) =>
      page.evaluate(async (path) => {
        const answer = await fetch(path ?? '', { headers: { range: 'bytes=0-3' } })
        return answer.status
      }, address)
    expect(await status(link)).toBe(206)

    await auditor.button('Delete file').click()
    const dialog = await auditor.see(page.getByRole('dialog'))
    const remove = dialog.getByRole('button', { name: 'Delete file' })
    expect(await remove.isDisabled()).toBe(true)
    const asked = dialog.getByLabel(/^Type “/)
    const typed = /“(.+)”/.exec(await dialog.locator('label').first().innerText())?.[1] ?? ''
    await asked.fill(typed)
    await look(page, 'console-export-delete')
    await asked.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await auditor.see(row('gone'))
    await expect.poll(() => focused(page)).toMatch(/^Details/)
    const ended = await auditor.see(auditor.byId('export-ended'))
    expect(await ended.innerText()).toContain('no longer here')
    await look(page, 'console-export-gone')

    // The pass that was given for it opens nothing any more, and neither does a list that stood open elsewhere.
    expect(await status(link)).toBe(401)
    await stale.click()
    const refused = other.getByTestId('failure')
    await refused.waitFor()
    expect(await refused.innerText()).toContain('deleted')
    await look(other, 'console-export-download-refused')
  })

  it('is in the audit, each of it, with who did it', async () => {
    const { page } = auditor
    await page
      .getByRole('link', { name: /^Trail:/ })
      .last()
      .click()
    await auditor.see(page.getByText('Deleted', { exact: true }).first())
    expect(auditor.complaints.filter((one) => !one.includes('401') && !one.includes('409'))).toEqual([])
  })
})
