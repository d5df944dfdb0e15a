import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openZipPackage } from '../../shared/exports/index.ts'
import { launchChromium } from './harness/chromium.ts'
import { openConsoleOf, sitDown } from './harness/console-people.ts'
import type { ConsoleScreen } from './harness/console-screen.ts'
import { DeskScreen, nameOf, pinOf } from './harness/desk-screen.ts'
import { look, lookAtFit, lookAtZoom } from './harness/look.ts'
import { oneAfterTheOther, tellOnFailure } from './harness/on-failure.ts'
import { makePerson } from './harness/people.ts'
import { describeDesk } from './harness/suite.ts'
import { World } from './harness/world.ts'

const PERSON = makePerson('Lucia', 'Bellini')
const REASON = 'Request 41/2026 of the court of Milan'

/** Lets a file fall onto the page, as from a folder. */
const drop = async (page: Page, name: string, bytes: Buffer): Promise<void> => {
  const dropped = await page.evaluateHandle(
    ([base64, fileName]) => {
      const data = new DataTransfer()
      const content = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
      data.items.add(new File([content], fileName, { type: 'application/zip' }))
      return data
    },
    [bytes.toString('base64'), name] as const,
  )
  await page.getByTestId('drop').dispatchEvent('drop', { dataTransfer: dropped })
}

describeDesk('virtual', 'An export of the audit', () => {
  let world: World
  let browser: Browser
  let desk: DeskScreen
  let auditor: ConsoleScreen
  let administrator: ConsoleScreen
  const folder = mkdtempSync(join(tmpdir(), 'countersign-export-'))
  let file = join(folder, 'none.zip')
  tellOnFailure(() => ({ world, pages: [administrator?.page, auditor?.page, desk?.page] }))
  oneAfterTheOther()

  beforeAll(async () => {
    ;[world, browser] = await Promise.all([World.start({ cards: 'virtual' }), launchChromium()])
    desk = await DeskScreen.open(world, browser)
    await desk.signIn('officer')
    await desk.newPerson(PERSON)
    await desk.createPerson()
    await desk.signOut()
    await sitDown(desk, 'auditor')
    auditor = await openConsoleOf(world, browser, desk, 'auditor')
  })
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const ready = (number = 0) =>
    auditor.page.locator('[data-testid=export][data-state=ready]').nth(number).waitFor({ timeout: 120_000 })
  /** Downloads the open export, and says where to. */
  const download = async (as: string): Promise<string> => {
    const saving = auditor.page.waitForEvent('download')
    await auditor.page.getByRole('button', { name: /^Download / }).click()
    const taken = await saving
    const path = join(folder, as)
    await taken.saveAs(path)
    return path
  }
  const check = async (name: string, bytes: Buffer) => {
    await drop(auditor.page, name, bytes)
    await auditor.see(auditor.byId('picked').filter({ hasText: name }))
    await auditor.byId('check-now').click()
    return auditor.see(auditor.byId('verdict'))
  }

  it('is ordered from what the explorer shows, counted first, and made in the background', async () => {
    const { page } = auditor
    await auditor.go('Audit')
    await auditor.choose('Object type', 'Holder')
    await page.keyboard.press('Escape')
    await auditor.see(page.getByRole('button', { name: 'Remove filter Object type: Holder' }))
    await page.getByRole('link', { name: 'Export what is shown' }).click()
    await auditor.see(auditor.heading('New export'))
    const estimate = await auditor.see(auditor.byId('export-estimate'))
    await auditor.see(estimate.getByText('Object type: Holder'))
    await look(page, 'console-export-new')
    await page.getByRole('radio', { name: 'JSON Lines' }).check()
    await page.getByRole('radio', { name: /^Signature \(B-B\)/ }).check()
    await page.getByLabel('Reason').fill(REASON)
    await auditor.button(/^Export and sign/).click()
    await auditor.see(auditor.heading('Exports'))
    await ready()
    await auditor.see(auditor.byId('manifest-digest'))
    await auditor.see(auditor.byId('export-signer'))
    await look(page, 'console-export-ready')
  })

  it('is downloaded by the browser itself, and again in ranges', async () => {
    file = await download('export.zip')
    expect(readFileSync(file).subarray(0, 4).toString('latin1')).toBe('PK\u0003\u0004')
    const begun = await auditor.see(auditor.byId('download-begun'))
    const path = await begun.getByRole('link').getAttribute('href')
    const part = await auditor.page.evaluate(async (address) => {
      const answer = await fetch(address ?? '', { headers: { range: 'bytes=2-9' } })
      return { status: answer.status, length: (await answer.arrayBuffer()).byteLength }
    }, path)
    expect(part).toEqual({ status: 206, length: 8 })
  })

  it('passes when it is dropped on “check a file”, and says who signed what', async () => {
    const { page } = auditor
    await auditor.go('Check a file')
    await auditor.see(auditor.byId('trust').getByRole('checkbox'))
    await look(page, 'console-check')
    const verdict = await check('export.zip', readFileSync(file))
    expect(await verdict.innerText()).toContain('Passed: the package is genuine and unchanged')
    const about = await auditor.see(auditor.byId('about'))
    await auditor.see(about.getByText(REASON))
    await auditor.see(about.getByText(nameOf('auditor')))
    expect(await auditor.byId('verified-signer').count()).toBe(1)
    await look(page, 'console-check-passed')
    await lookAtZoom(page, 'console-check-passed')
    const saving = page.waitForEvent('download')
    await auditor.button('Save report (JSON)').click()
    const report = await saving
    expect(report.suggestedFilename()).toBe('export.zip.report.json')
    const { indication } = JSON.parse(readFileSync(await report.path(), 'utf8')) as { indication: string }
    expect(indication).toBe('TOTAL-PASSED')
  })

  it('fails once a byte of its data was changed, at the check that found it', async () => {
    const bytes = readFileSync(file)
    const at = bytes.indexOf('Bellini')
    expect(at).toBeGreaterThan(0)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    const verdict = await check('changed.zip', bytes)
    expect(await verdict.innerText()).toContain('Failed: this package is not what was signed')
    await auditor.see(auditor.page.locator('[data-testid=check][data-indication=TOTAL-FAILED] details[open]'))
    await look(auditor.page, 'console-check-failed')
  })

  it('has data whose own signature is good by itself, and is not over anything else', async () => {
    const { page } = auditor
    const bytes = readFileSync(file)
    const opened = await openZipPackage({
      size: bytes.length,
      read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    })
    const take = async (name: string) => {
      const { bytes: size } = opened.members.find((member) => member.name === name)!
      const buffer = Buffer.from(await opened.read(name, 0, size))
      return { name: name.replace('data/', ''), mimeType: 'application/octet-stream', buffer }
    }
    const [data, signature] = [await take('data/audit.jsonl'), await take('data/audit.jsonl.p7s')]
    const checked = async () => {
      await auditor.byId('check-now').click()
      return (await auditor.see(auditor.byId('verdict'))).innerText()
    }
    await page.locator('input[type=file]').first().setInputFiles([data, signature])
    await auditor.see(auditor.byId('picked').nth(1))
    expect(await checked()).toContain('Passed: the signature is good')
    const other = { ...data, buffer: Buffer.concat([data.buffer, Buffer.from(' ')]) }
    await page.locator('input[type=file]').first().setInputFiles([other])
    await auditor.byId('verdict').waitFor({ state: 'detached' })
    expect(await checked()).toContain('Failed: this is not what was signed')
  })

  it('cannot be decided where nobody trusted vouches for it', async () => {
    const { page } = auditor
    await auditor.byId('trust').getByRole('checkbox').uncheck()
    await auditor.see(page.getByText('Trust at least one certificate.'))
    expect(await auditor.byId('check-now').isDisabled()).toBe(true)
    await auditor.byId('trust').getByRole('checkbox').check()
  })

  it('is signed at the desk with the officer’s own card, and both signatures are in the package', async () => {
    await desk.go('Exports')
    await desk.see(desk.byId('export-shown'))
    const shown = await desk.byId('manifest-digest').getAttribute('data-digest')
    await auditor.go('Exports')
    await auditor.page
      .getByRole('button', { name: /^Details/ })
      .first()
      .click()
    expect(await (await auditor.see(auditor.byId('manifest-digest'))).getAttribute('data-digest')).toBe(shown)
    await look(desk.page, 'desk-exports')
    await desk.button('Sign with my card').click()
    const dialog = desk.page.getByRole('dialog')
    await dialog.getByLabel('PIN', { exact: true }).fill(pinOf('auditor'))
    await dialog.getByRole('button', { name: 'Sign export' }).click()
    await desk.see(desk.byId('export-signed'))
    await look(desk.page, 'desk-export-signed')

    await auditor.page.getByRole('button', { name: 'Reload', exact: true }).click()
    await auditor.see(auditor.byId('export-signer').nth(1))
    file = await download('signed-twice.zip')
    await auditor.go('Check a file')
    const verdict = await check('signed-twice.zip', readFileSync(file))
    expect(await verdict.innerText()).toContain('Passed: the package is genuine and unchanged')
    expect(await auditor.byId('verified-signer').count()).toBe(2)
  })

  it('is ordered by keyboard alone, in Italian, from a whole chain', async () => {
    const { page } = auditor
    await page.locator('h1').focus()
    await page.keyboard.press('g')
    await page.keyboard.press('c')
    await auditor.see(page.getByRole('link', { name: 'Export this chain' }))
    await page.getByRole('button', { name: /^Language/ }).click()
    await page.getByRole('menuitem', { name: 'Italiano' }).click()
    const link = await auditor.see(page.getByRole('link', { name: 'Esporta questa catena' }))
    await link.focus()
    await page.keyboard.press('Enter')
    await auditor.see(auditor.heading('Nuova esportazione'))
    await auditor.see(page.getByText('Catena intera'))
    await lookAtFit(page, 'console-export-new-it')
    const format = page.getByRole('radio', { name: 'CSV' })
    await format.focus()
    await page.keyboard.press('ArrowDown')
    expect(await page.getByRole('radio', { name: 'JSON', exact: true }).isChecked()).toBe(true)
    await page.getByLabel('Motivo').focus()
    await page.keyboard.insertText('Richiesta 41/2026 del tribunale di Milano')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-primary'))).toBe(true)
    await page.keyboard.press('Enter')
    await auditor.see(auditor.heading('Esportazioni'))
    await ready(1)
    await lookAtFit(page, 'console-exports-it')
    await page.goto(`${world.instance.serverUrl}/console/#/check`)
    await auditor.see(auditor.heading('Controlla un file'))
    const verdict = await check('export.zip', readFileSync(file))
    expect(await verdict.innerText()).toContain('Superato: il pacchetto è autentico e inalterato')
    await lookAtFit(page, 'console-check-it')
  })

  it('says which keys made all that', async () => {
    const { page } = auditor
    await page.goto(`${world.instance.serverUrl}/console/#/keys`)
    await auditor.see(auditor.byId('key'))
    await auditor.see(auditor.byId('chain-key'))
    expect(await auditor.byId('chain-key').getByRole('button').count()).toBe(0)
    await lookAtFit(page, 'console-keys-it')
    expect(auditor.complaints).toEqual([])
  })

  it('lets an administrator hand the chain to its next key, and shows it in force', async () => {
    await desk.signOut()
    await sitDown(desk, 'admin')
    administrator = await openConsoleOf(world, browser, desk, 'admin')
    const { page } = administrator
    await page.goto(`${world.instance.serverUrl}/console/#/keys`)
    const row = administrator.byId('chain-key')
    await administrator.see(row)
    const cells = async () => (await row.innerText()).split(/\s*[\t\n]+\s*/)
    const [chain = '', before = ''] = await cells()
    const next = (await row.locator('td').nth(3).innerText()).trim()
    expect(before).not.toBe(next)
    await row.getByRole('button', { name: 'Hand over' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.innerText()).toContain(`The key ${before} signs that ${next} comes after it`)
    await dialog.getByLabel('Reason').fill('Yearly change')
    await look(page, 'console-key-hand-over')
    await dialog.getByRole('button', { name: 'Hand over' }).click()
    await administrator.see(administrator.byId('handed-over'))
    expect(await administrator.byId('handed-over').innerText()).toContain(`${chain} is signed with ${next} now`)
    expect((await cells())[1]).toBe(next)
    await administrator.see(administrator.byId('key').filter({ hasText: next }))
    await look(page, 'console-key-handed-over')
    expect(administrator.complaints).toEqual([])
  })

  it('orders a hand-over once however often it is tried, says why it failed, and lets it be ordered again', async () => {
    const { page } = administrator
    const now = Date.now()
    const job = {
      id: 'job_00000001',
      kind: 'audit-key-rollover',
      schedule: null,
      requestedBy: null,
      attempts: 1,
      maxAttempts: 8,
      createdAt: now,
      dueAt: now,
      etag: '"1"',
    }
    const waiting = { ...job, state: 'waiting', endedAt: null, lastError: null }
    const attempts: (string | undefined)[] = []
    let isDead = false
    // The first order gets no answer; the job is given up when the test says so.
    await page.route('**/api/v1/audit/key-rollovers', (route) => {
      attempts.push(route.request().headers()['idempotency-key'])
      return attempts.length === 1 ? route.abort() : route.fulfill({ status: 201, json: waiting })
    })
    await page.route('**/api/v1/jobs/job_00000001', (route) =>
      route.fulfill({
        json: isDead
          ? { ...job, state: 'dead', endedAt: now, lastError: 'CHAIN_KEY_UNUSABLE', runs: [] }
          : { ...waiting, runs: [] },
      }),
    )
    const button = administrator.byId('chain-key').getByRole('button', { name: 'Hand over' })
    await button.click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason').fill('New HSM')
    await dialog.getByRole('button', { name: 'Hand over' }).click()
    await administrator.see(dialog.getByText('The server cannot be reached'))
    await dialog.getByRole('button', { name: 'Hand over' }).click()
    await administrator.see(administrator.byId('handing-over'))
    expect(attempts[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(attempts).toEqual([attempts[0], attempts[0]])
    expect(await button.isDisabled()).toBe(true)
    isDead = true
    await administrator.see(administrator.byId('handing-over').getByText(/could not be handed over/))
    expect(await administrator.byId('handing-over').innerText()).toContain('nothing was lost')
    await expect.poll(() => button.isEnabled()).toBe(true)
    await look(page, 'console-key-not-handed-over')
  })
})
