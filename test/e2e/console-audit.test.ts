import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from './harness/chromium.ts'
import { openConsoleOf, sitDown } from './harness/console-people.ts'
import type { ConsoleScreen } from './harness/console-screen.ts'
import { DeskScreen } from './harness/desk-screen.ts'
import { look } from './harness/look.ts'
import { oneAfterTheOther, tellOnFailure } from './harness/on-failure.ts'
import { makePerson } from './harness/people.ts'
import { describeDesk } from './harness/suite.ts'
import { World } from './harness/world.ts'

const PERSON = makePerson('Lucia', 'Bellini')

describeDesk('virtual', 'The audit in the console', () => {
  let world: World
  let browser: Browser
  let desk: DeskScreen
  let auditor: ConsoleScreen
  let admin: ConsoleScreen
  tellOnFailure(() => ({ world, pages: [auditor?.page, admin?.page, desk?.page] }))
  oneAfterTheOther()

  beforeAll(async () => {
    ;[world, browser] = await Promise.all([World.start({ cards: 'virtual' }), launchChromium()])
    desk = await DeskScreen.open(world, browser)
  })
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
  })

  it('lets an auditor and an administrator in, each at the desk with their card', async () => {
    await desk.signIn('officer')
    await desk.newPerson(PERSON)
    await desk.createPerson()
    await desk.signOut()
    await sitDown(desk, 'admin')
    admin = await openConsoleOf(world, browser, desk, 'admin')
    await desk.signOut()
    await sitDown(desk, 'auditor')
    auditor = await openConsoleOf(world, browser, desk, 'auditor')
    await auditor.see(auditor.heading('Overview'))
    await auditor.see(auditor.page.getByText('Newest audit entries'))
    await look(auditor.page, 'console-overview')
  })

  it('finds entries by filters that are combined, shown as chips, shared by address and cleared', async () => {
    const { page } = auditor
    await auditor.go('Audit')
    await auditor.see(auditor.byId('audit-row'))
    await auditor.choose('Object type', 'Holder')
    await auditor.see(page.getByRole('button', { name: 'Remove filter Object type: Holder' }))
    await page.getByRole('textbox', { name: 'Search text' }).fill('"Lucia Bellini"')
    await auditor.see(page.getByRole('button', { name: 'Remove filter Search text: "Lucia Bellini"' }))
    await page.getByRole('textbox', { name: 'Operator' }).fill('Giulia')
    await auditor.see(page.getByRole('button', { name: 'Remove filter Operator: Giulia' }))
    await auditor.see(auditor.byId('audit-row').filter({ hasText: 'Lucia Bellini' }))
    expect(await auditor.byId('audit-row').count()).toBe(1)
    await look(page, 'console-audit-filtered')

    const shared = await page.context().newPage()
    await shared.goto(page.url())
    await shared.getByTestId('audit-row').filter({ hasText: 'Lucia Bellini' }).waitFor()
    await shared.close()

    await page.getByRole('textbox', { name: 'Search text' }).fill('Bell*')
    await auditor.see(page.getByRole('button', { name: 'Remove filter Search text: Bell*' }))
    await auditor.see(auditor.byId('audit-row').filter({ hasText: 'Lucia Bellini' }))
    await page.getByRole('textbox', { name: 'Search text' }).fill('nobodyhasthisname')
    await auditor.see(page.getByText('No entry fits these filters'))
    await page.getByRole('button', { name: 'Clear filters' }).first().click()
    await auditor.see(auditor.byId('audit-row').nth(3))
    expect(new URL(page.url()).hash).toBe('#/audit')
  })

  it('keeps the open entry while a field settles late', async () => {
    const { page } = auditor
    await page.getByRole('textbox', { name: 'Search text' }).fill('Lucia')
    await auditor.byId('audit-row').first().getByRole('link').click()
    await auditor.see(auditor.byId('audit-entry'))
    await auditor.see(page.getByRole('button', { name: 'Remove filter Search text: Lucia' }))
    await auditor.see(auditor.byId('audit-entry'))
    await page.keyboard.press('Escape')
    await auditor.byId('audit-entry').waitFor({ state: 'detached' })
  })

  it('saves a filter, renames it, deletes it and has it back', async () => {
    const { page } = auditor
    const saved = () => page.getByRole('dialog', { name: 'Saved filters' })
    await page.locator('button[aria-haspopup=dialog]', { hasText: /Saved filters|Lucia|Bellini/ }).click()
    await saved().getByLabel('Name for these filters').fill('About Lucia')
    await saved().getByRole('button', { name: 'Save filters' }).click()
    await auditor.see(saved().getByText('These filters are saved.'))
    await look(page, 'console-saved-filters')
    await saved().getByRole('button', { name: 'Rename “About Lucia”' }).click()
    await saved().getByLabel('New name').fill('Bellini')
    await saved().getByRole('button', { name: 'Rename', exact: true }).click()
    await saved().getByRole('button', { name: 'Delete “Bellini”' }).click()
    await saved().getByText('“Bellini” was deleted.').waitFor()
    await saved().getByRole('button', { name: 'Undo' }).click()
    await auditor.see(saved().getByRole('button', { name: 'Bellini', exact: true }))
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await page.locator('button[aria-haspopup=dialog]', { hasText: /Saved filters|Lucia|Bellini/ }).click()
    await saved().getByRole('button', { name: 'Bellini', exact: true }).click()
    await auditor.see(page.getByRole('button', { name: 'Remove filter Search text: Lucia' }))
  })

  it('shows an entry with its difference, its request, its proof, and the object’s whole trail', async () => {
    const { page } = auditor
    await auditor.byId('audit-row').filter({ hasText: 'Lucia Bellini' }).last().getByRole('link').click()
    const entry = await auditor.see(auditor.byId('audit-entry'))
    await auditor.see(entry.getByRole('row', { name: /Family name/ }).getByText('Bellini'))
    const saving = page.waitForEvent('download')
    await entry.getByRole('button', { name: 'Save proof (.tlog-proof)' }).click()
    const file = await saving
    expect(file.suggestedFilename()).toMatch(/^countersign\.demo-\d+\.tlog-proof$/)
    expect(readFileSync(await file.path(), 'utf8')).toMatch(/^c2sp\.org\/tlog-proof@v1\n/)
    await look(page, 'console-entry')
    await entry.getByRole('link', { name: 'Whole trail' }).click()
    await auditor.see(auditor.heading('Holder Lucia Bellini'))
    await auditor.see(auditor.byId('trail-entry'))
    await look(page, 'console-trail')
    await page.goBack()
    const again = await auditor.see(auditor.byId('audit-entry'))
    await again.getByRole('link', { name: 'Everything of this request' }).click()
    await auditor.see(page.getByRole('button', { name: /^Remove filter Request/ }))
    await auditor.see(auditor.byId('audit-row').filter({ hasText: 'Lucia Bellini' }))
  })

  it('shows new entries as they come', async () => {
    const { page } = auditor
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await auditor.choose('Operation', 'Signed in')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Follow', exact: true }).click()
    await auditor.see(page.getByRole('button', { name: 'Following' }))
    const before = Number(await auditor.byId('audit-row').first().getAttribute('data-sequence'))
    await desk.signOut()
    await sitDown(desk, 'officer')
    await page.waitForFunction(
      (old) => Number(document.querySelector('[data-testid=audit-row]')?.getAttribute('data-sequence')) > old,
      before,
    )
    await auditor.see(auditor.byId('audit-row').first().getByText('Giulia Conti'))
  })

  it('verifies the chain in words, and says when that happens by itself', async () => {
    const { page } = auditor
    await auditor.go('Verification')
    await auditor.see(auditor.byId('next-run'))
    await page.getByRole('radio', { name: /^Full/ }).check()
    await auditor.button('Verify now').click()
    const verdict = await auditor.see(auditor.byId('verdict'))
    expect(await verdict.innerText()).toMatch(/^The chain is whole: [\d,]+ entries checked/)
    await look(page, 'console-verified')
    await page.getByRole('link', { name: 'Witnesses' }).click()
    await auditor.see(auditor.heading('Chain and witnesses'))
    await auditor.see(auditor.byId('chain'))
    await look(page, 'console-chains')
  })

  it('counts before anything is cleaned, and raises a window that is too short', async () => {
    await auditor.go('Retention')
    await auditor.see(auditor.page.getByText('Unset: the whole chain is kept'))
    await auditor.page.getByRole('link', { name: 'Cleaning' }).click()
    await auditor.see(auditor.byId('cleaning-plan').getByText(/cleaning has no effect/))
    await look(auditor.page, 'console-cleaning')

    const { page } = admin
    await admin.go('Retention')
    await page.getByRole('radio', { name: 'Keep the last months only' }).check()
    await page.getByLabel('Months', { exact: true }).fill('6')
    await admin.see(page.getByText('6 is less than 12: it will be 12'))
    await page.getByLabel('Reason').fill('Policy of the year')
    await look(page, 'console-window')
    await admin.button('Save window and evidence').click()
    await admin.see(page.getByText('6 is less than 12: it will be 12')).catch(() => undefined)
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('form input[inputmode]')?.value === '12')
    await page.getByRole('link', { name: 'Cleaning' }).click()
    await admin.see(admin.byId('cleaning-plan').getByText(/nothing is old enough|evidence holds|cannot be cleaned/))
    await page.getByRole('link', { name: 'Erasure' }).click()
    await page.getByLabel('Object id').fill('holder_00000000')
    await admin.button('Count first').click()
    await admin.see(admin.byId('erasure-plan'))
    await look(page, 'console-erasure')
  })

  it('lists administrators’ access and makes the yearly report', async () => {
    const { page } = auditor
    await page.getByRole('link', { name: 'Admin access' }).click()
    await auditor.see(auditor.heading('Administrators’ access'))
    await auditor.see(page.getByRole('row').filter({ hasText: 'Paolo Greco' }))
    await look(page, 'console-access')
    await page.getByRole('link', { name: 'Yearly review' }).click()
    await auditor.see(auditor.byId('access-month').filter({ hasText: 'Paolo Greco' }))
    const saving = page.waitForEvent('download')
    await auditor.button('Download report (CSV)').click()
    const file = await saving
    expect(file.suggestedFilename()).toMatch(/\.csv$/)
    expect(readFileSync(await file.path(), 'utf8')).toContain('Paolo Greco')
    await look(page, 'console-access-review')
  })

  it('shows what runs by itself, and who is told by mail', async () => {
    const { page } = admin
    await admin.go('Jobs and mail')
    await admin.see(admin.byId('schedule'))
    await look(page, 'console-jobs')
    await page.getByRole('button', { name: 'Change: Quick verification' }).click()
    const dialog = page.getByRole('dialog', { name: 'Quick verification' })
    await dialog.waitFor()
    await look(page, 'console-schedule')
    await dialog.getByRole('button', { name: 'Save schedule' }).click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Mail', exact: true }).click()
    await admin.see(admin.heading('Mail'))
    await page.getByLabel('Mail address').fill('security@example.test')
    await admin.button('Add recipient').click()
    await admin.see(admin.byId('recipient').filter({ hasText: 'security@example.test' }))
    await look(page, 'console-mail')
  })

  it('says on every screen that the chain is not whole once someone changed an entry', async () => {
    const { page } = auditor
    const database = new Database(join(world.instance.folder, 'server/audit.sqlite'))
    database.prepare("update entry set object_id = object_id || 'x' where sequence = 5").run()
    database.close()
    await auditor.go('Verification')
    await page.getByRole('radio', { name: /^Quick/ }).check()
    await auditor.button('Verify now').click()
    const fault = await auditor.see(auditor.byId('fault'))
    expect(await fault.innerText()).toMatch(/entry #5: Altered\./)
    // The one that runs by itself finds it as well.
    await admin.page.getByRole('link', { name: 'Schedules and queue' }).click()
    await admin.page.getByRole('button', { name: 'Run now: Quick verification' }).click()
    const banner = await auditor.see(auditor.byId('alarm-banner'))
    expect(await banner.innerText()).toContain('Critical: A verification found that the chain is not whole')
    await look(page, 'console-not-whole')
    await fault.getByRole('link').click()
    await auditor.see(auditor.byId('audit-entry').getByRole('heading', { name: 'Entry #5' }))
    await auditor.see(auditor.byId('alarm-banner'))
    await auditor.go('Alarms')
    await auditor.button('See to it').click()
    await page.getByRole('dialog').getByLabel('Note').fill('Backups are kept, the officer is told')
    await page.getByRole('dialog').getByRole('button', { name: 'See to it' }).click()
    await auditor.see(auditor.byId('alarm').getByText('Being seen to'))
    await look(page, 'console-alarms')
    expect([...auditor.complaints, ...admin.complaints]).toEqual([])
  })
})
