import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openscModule } from '../fakes/card/missing-parts.ts'
import { launchChromium } from './harness/chromium.ts'
import { ConsoleScreen } from './harness/console-screen.ts'
import { DeskScreen, pinOf } from './harness/desk-screen.ts'
import { look } from './harness/look.ts'
import { oneAfterTheOther, tellOnFailure } from './harness/on-failure.ts'
import { fetchPublic, openssl, savePem } from './harness/openssl.ts'
import { makePerson } from './harness/people.ts'
import { certificatesOf } from './harness/registry.ts'
import { describeDesk } from './harness/suite.ts'
import { World } from './harness/world.ts'

const ANNA = makePerson('Anna', 'Rossi')
const CARD = '20000001'
const HOLDER_PIN = '481526'
const NEW_PIN = '907351'

describeDesk('pcsc', 'when a day at the desk goes well', () => {
  let world: World
  let browser: Browser
  let desk: DeskScreen
  let auditor: ConsoleScreen
  tellOnFailure(() => ({ world, pages: [desk?.page, auditor?.page] }))
  oneAfterTheOther()
  beforeAll(async () => {
    ;[world, browser] = await Promise.all([World.start({ cards: 'pcsc' }), launchChromium()])
  })
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
  })
  const tool = (program: string, ...args: string[]) => world.readers.pcscd!.run(program, args)

  it('signs the officer in, told who they are and how many tries are left before the PIN', async () => {
    desk = await DeskScreen.open(world, browser)
    await desk.see(desk.byId('card-owner').getByText('Giulia Conti'))
    await desk.see(desk.byId('pin-tries').getByText('PIN: 3 tries left of 3'))
    await look(desk.page, '01-sign-in')
    await desk.signIn('officer')
    await desk.see(desk.heading('Today'))
    await desk.see(desk.text('Nothing waits for you'))
    await look(desk.page, '02-today')
  })

  it('enrols a person who is typed in, their document read from a pasted zone', async () => {
    await desk.go('Enrol and issue')
    await look(desk.page, '03-find-person')
    await desk.newPerson(ANNA)
    await look(desk.page, '04-new-person')
    await desk.createPerson()
    await desk.proveIdentity(ANNA)
    expect(await desk.page.getByLabel(/^Document number/).inputValue()).toBe(ANNA.documentNumber)
    expect(await desk.page.getByLabel(/^Valid until/).inputValue()).toBe(ANNA.expiresOn)
    expect(await desk.page.getByLabel(/^Kind of document/).inputValue()).toBe('passport')
    await desk.see(desk.text('8 of 8 compared'))
    await look(desk.page, '05-identity')
    await desk.confirmIdentity()
    await desk.see(desk.page.getByRole('radio', { name: 'Staff card', exact: true }))
    await look(desk.page, '06-profile')
    await desk.chooseProfile('Staff card')
  })

  it('signs the registration statement with the officer’s card', async () => {
    const statement = await desk.see(desk.byId('statement'))
    expect(await statement.innerText()).toMatch(
      /I, Giulia Conti, .*Rome Office[^]*YA4310872[^]*Anna Rossi[^]*ECDSA P-256/,
    )
    await look(desk.page, '07-statement')
    await desk.button('Sign statement').click()
    await desk.see(desk.page.getByRole('dialog').getByText('PIN: 3 tries left of 3'))
    await look(desk.page, '08-sign-dialog')
    await desk.givePin(pinOf('officer'), 'PIN', 'Sign with my card')
    await desk.see(desk.heading('Personalise'))
    await look(desk.page, '09-before-personalise')
  })

  it('makes the card with live steps and hands it over with the holder’s own PIN', async () => {
    const seen = desk.page.evaluate(
      () =>
        new Promise<string[]>((resolve) => {
          const kinds = new Set<string>()
          const watch = setInterval(() => {
            for (const row of document.querySelectorAll('li[data-state=running]'))
              kinds.add(row.textContent?.split(':')[0] ?? '')
            if (document.querySelector('[data-testid=enrolment-state][data-state=issued]') === null) return
            clearInterval(watch)
            resolve([...kinds])
          }, 5)
        }),
    )
    await desk.button('Issue card').click()
    await desk.see(desk.heading('Hand-over and receipt'))
    expect((await seen).length, 'steps seen under way').toBeGreaterThan(1)
    await look(desk.page, '10-hand-over')
    await desk.handOver(HOLDER_PIN)
    await desk.see(desk.button('Download receipt'))
    await look(desk.page, '11-handed-over')
    await desk.go('Enrol and issue')
    const issued = certificatesOf(world, CARD)
    expect(issued.map(({ slot, state }) => `${slot} ${state}`)).toEqual(['9A issued', '9C issued', '9D issued'])
  })

  it('gives a receipt with no secret in it, and finds the person again', async () => {
    await desk.go('People')
    await desk.page.getByLabel('Search people').fill('ross')
    await desk.see(desk.page.getByRole('link', { name: /Rossi/ }))
    await look(desk.page, '12-people')
    await desk.page.getByRole('link', { name: /Rossi/ }).first().click()
    await desk.see(desk.heading(/Anna Rossi/))
    await desk.see(desk.text('9A Authentication'))
    await look(desk.page, '13-person')
    await desk.trailOf(/^Trail: certificate 9A/, /^Created · Certificate/)
    await desk.go('Card')
    await desk.see(desk.text('The card and the server agree'))
    await look(desk.page, '13-card')
    await desk.trailOf(/^Trail: card/, /· Card/, '13-card-trail')
    await desk.go('People')
    await desk.page.getByLabel('Search people').fill('ross')
    await desk.page.getByRole('link', { name: /Rossi/ }).first().click()
    await desk.page.getByRole('link', { name: 'Open', exact: true }).first().click()
    await desk.see(desk.byId('handed-over'))
    await desk.trailOf('Trail: enrolment of Anna Rossi', /^Created · Enrolment/)
    const download = desk.page.waitForEvent('download')
    await desk.button('Download receipt').click()
    const file = join(world.instance.folder, 'receipt.pdf')
    await (await download).saveAs(file)
    expect(readFileSync(file).subarray(0, 5).toString()).toBe('%PDF-')
    const text = execFileSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8' })
    expect(text).toContain('Anna Rossi')
    expect(text).toContain('Giulia Conti')
    const puk = Buffer.from(world.card('blank-1').puk.value.replace(/(ff)+$/, ''), 'hex').toString('ascii')
    for (const secret of [HOLDER_PIN, pinOf('officer'), puk]) expect(text.replaceAll(/\s/g, '')).not.toContain(secret)
    await desk.signOut()
    await look(desk.page, '14-signed-out')
  })

  it('issued a certificate that signs in pkcs11-tool and verifies in openssl against our CA', async () => {
    const folder = world.instance.folder
    const [data, digest, signature] = [join(folder, 'data'), join(folder, 'digest'), join(folder, 'signature')]
    writeFileSync(data, 'signed by the holder')
    writeFileSync(digest, createHash('sha256').update(readFileSync(data)).digest())
    // The holder's card is in the second reader; a slot of PKCS#11 stands for a reader.
    const pkcs11 = (...args: string[]) => tool('pkcs11-tool', '--module', openscModule()!, '--slot-index', '1', ...args)
    const certificate = join(folder, 'card.der')
    const read = await pkcs11('--read-object', '--type', 'cert', '--id', '01', '--output-file', certificate)
    expect(read.code, read.stderr).toBe(0)
    const how = ['--mechanism', 'ECDSA', '--signature-format', 'openssl', '--input-file', digest]
    const signed = await pkcs11(
      '--login',
      '--pin',
      HOLDER_PIN,
      '--sign',
      '--id',
      '01',
      ...how,
      '--output-file',
      signature,
    )
    expect(signed.code, signed.stderr).toBe(0)

    const pem = savePem(folder, 'card', readFileSync(certificate))
    const issuing = savePem(folder, 'issuing', await fetchPublic(world, '/ca/issuing.cer'))
    writeFileSync(join(folder, 'key.pem'), openssl(['x509', '-in', pem, '-pubkey', '-noout']))
    expect(openssl(['dgst', '-sha256', '-verify', join(folder, 'key.pem'), '-signature', signature, data])).toContain(
      'OK',
    )
    const crl = join(folder, 'issuing.crl')
    writeFileSync(`${crl}.der`, await fetchPublic(world, '/ca/issuing.crl'))
    openssl(['crl', '-inform', 'DER', '-in', `${crl}.der`, '-out', crl])
    expect(openssl(['crl', '-in', crl, '-noout', '-text'])).toContain('X509v3 CRL Number')
    const chain = ['-CAfile', world.instance.caFile, '-untrusted', issuing, '-crl_check', '-CRLfile', crl]
    expect(openssl(['verify', ...chain, pem])).toContain('OK')
    expect(certificatesOf(world, CARD).map(({ der }) => Buffer.from(der).toString('hex'))).toContain(
      readFileSync(certificate).toString('hex'),
    )
  })

  it('lets help desk unblock the PIN, with nobody seeing the PUK', async () => {
    await desk.changeCard(0, 'helpdesk')
    await desk.see(desk.text('Which card?'))
    await desk.page.getByRole('radio', { name: /Marco Ferri/ }).check()
    await desk.signIn('helpdesk')
    await desk.go('Card')
    await desk.see(desk.text('The card and the server agree'))
    expect(await desk.button(/^Trail: /).count(), 'a way to what help desk may not read').toBe(0)
    await look(desk.page, '15-card')
    await desk.button('Check PIN').click()
    for (const left of ['2 tries left of 3', '1 try left of 3']) {
      await desk.givePin('000000', 'PIN', 'Check PIN')
      await desk.see(desk.page.getByRole('dialog').getByText(`PIN: ${left}`))
    }
    await look(desk.page, '16-wrong-pin')
    await desk.givePin('000000', 'PIN', 'Check PIN')
    await desk.see(desk.page.getByRole('dialog').getByText('The PIN of this card is blocked').first())
    await look(desk.page, '17-blocked')
    await desk.page.keyboard.press('Escape')
    await desk.cardIs(1, 'pin-blocked')
    await desk.go('Unlock')
    await desk.see(desk.text('PUK: 3 tries left of 3'))
    await desk.page.getByLabel('Identity document seen').check()
    await desk.page.getByLabel('Face matches the picture').check()
    await desk.page.getByLabel(/^Reason/).fill('Three wrong PINs at the door.')
    await look(desk.page, '18-unlock')
    await desk.page.getByLabel('New PIN', { exact: true }).fill(NEW_PIN)
    await desk.page.getByLabel('New PIN again', { exact: true }).fill(NEW_PIN)
    await desk.button('Unblock and set PIN').click()
    await desk.see(desk.byId('unblocked'))
    await desk.cardIs(1, 'ready')
    await look(desk.page, '19-unblocked')
    await desk.signOut()
    const verified = await tool('pkcs15-tool', '--reader', '1', '--verify-pin', '--auth-id', '01', '--pin', NEW_PIN)
    expect(verified.code, verified.stderr).toBe(0)
  })

  it('signs the auditor in to the console by a code approved at the desk', async () => {
    await desk.changeCard(0, 'auditor')
    await desk.page.getByRole('radio', { name: /Elena Marchetti/ }).check()
    await desk.signIn('auditor')
    auditor = await ConsoleScreen.open(world, browser)
    const code = await auditor.code()
    await look(auditor.page, '20-console-sign-in')
    await desk.go('Console sign-in')
    await desk.page.getByLabel('Code shown by the console').fill(code)
    await desk.button('Find').click()
    await desk.see(desk.text('Approve only if you opened this console yourself'))
    await look(desk.page, '21-approve-console')
    await desk.button('Sign the console in').click()
    await desk.page.getByRole('dialog').getByLabel('PIN', { exact: true }).fill(pinOf('auditor'))
    await desk.page.getByRole('dialog').getByRole('button', { name: 'Sign the console in' }).click()
    await desk.see(desk.byId('console-approved'))
    await auditor.see(auditor.heading('Overview'))
    await auditor.see(auditor.page.getByText('Newest audit entries'))
    await look(auditor.page, '22-overview')
  })

  it('shows the auditor who did what, before and after, and a card’s whole trail', async () => {
    await auditor.go('Audit')
    await auditor.see(auditor.byId('audit-row'))
    await look(auditor.page, '23-audit')
    await auditor.choose('Object type', 'Card')
    await auditor.page.getByLabel('Operator', { exact: true }).fill('Marco')
    await auditor.see(auditor.page.getByRole('button', { name: 'Remove filter Operator: Marco' }))
    await auditor.page.waitForFunction(() =>
      [...document.querySelectorAll('[data-testid=audit-row]')].every((row) =>
        row.textContent?.includes('Marco Ferri'),
      ),
    )
    await auditor.page.getByRole('button', { name: 'Remove filter Operator: Marco' }).click()
    await auditor.byId('audit-row').filter({ hasText: 'Giulia Conti' }).first().waitFor()
    await auditor.choose('Operation', 'Changed')
    await auditor.see(auditor.byId('audit-row').filter({ hasText: 'Changed' }))
    await auditor.byId('audit-row').first().getByRole('link').click()
    const entry = await auditor.see(auditor.byId('audit-entry'))
    await auditor.see(entry.locator('table del, table ins'))
    await look(auditor.page, '24-entry')
    await entry.getByRole('link', { name: 'Whole trail' }).click()
    await auditor.see(auditor.heading(/^Card/))
    await auditor.see(auditor.byId('trail-entry'))
    expect(await auditor.byId('trail-entry').count()).toBeGreaterThan(2)
    await look(auditor.page, '25-trail')
  })

  it('proves the chain whole, shows the server’s health, and signs out', async () => {
    await auditor.go('Verification')
    await auditor.page.getByRole('radio', { name: /^Full/ }).check()
    await auditor.button('Verify now').click()
    const verdict = await auditor.see(auditor.byId('verdict'))
    expect(await verdict.innerText()).toMatch(/^The chain is whole: \d+ entries checked, nothing added/)
    await look(auditor.page, '26-verified')
    await auditor.go('Health')
    await auditor.see(auditor.page.getByText('Audit database'))
    await look(auditor.page, '27-health')
    await auditor.button('Elena Marchetti').click()
    await auditor.page.getByRole('menuitem', { name: 'Sign out' }).click()
    await auditor.see(auditor.heading('Sign in with your card'))
    await desk.go('Settings')
    await desk.see(desk.text('Card service'))
    await look(desk.page, '28-settings')
    await desk.signOut()
    expect([...desk.complaints, ...auditor.complaints]).toEqual([])
  })
})
