import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from './harness/chromium.ts'
import { DeskScreen, pinOf } from './harness/desk-screen.ts'
import { look } from './harness/look.ts'
import { oneAfterTheOther, tellOnFailure } from './harness/on-failure.ts'
import { makePerson } from './harness/people.ts'
import { certificatesOf } from './harness/registry.ts'
import { describeDesk } from './harness/suite.ts'
import { World } from './harness/world.ts'

/** GENERATE ASYMMETRIC KEY PAIR, PUT DATA, GENERAL AUTHENTICATE (SP 800-73-4 part 2). */
const INS = { generate: '47', put: 'DB', sign: '87' }
const ONE_PER_SLOT = ['9A issued', '9C issued', '9D issued']

describeDesk('pcsc', 'when a card is pulled in the middle', () => {
  let world: World
  let browser: Browser
  let desk: DeskScreen
  tellOnFailure(() => ({ world, pages: [desk?.page] }))
  oneAfterTheOther()
  beforeAll(async () => {
    ;[world, browser] = await Promise.all([World.start({ cards: 'pcsc' }), launchChromium()])
    desk = await DeskScreen.open(world, browser)
  })
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
  })
  const slots = (serial: string) => certificatesOf(world, serial).map(({ slot, state }) => `${slot} ${state}`)

  it('says so while signing in, and signs in when the card is back', async () => {
    await desk.see(desk.byId('card-owner'))
    await world.readers.pullOn(0, { ins: INS.sign })
    await desk.givePin(pinOf('officer'), 'Your PIN', 'Sign in')
    await desk.cardIs(0, 'empty')
    await desk.see(desk.text('The card was taken out while it was being used.'))
    await look(desk.page, 'pulled-sign-in')
    await world.readers.insert(0, 'officer')
    await desk.cardIs(0, 'ready')
    await desk.signIn('officer')
  })

  it('locks at once when the officer’s card goes, and comes back with the PIN to the same screen', async () => {
    await desk.go('People')
    await desk.page.getByLabel('Search people').fill('nobody yet')
    await world.readers.remove(0)
    const locked = desk.page.getByRole('dialog', { name: 'The desk is locked' })
    await locked.waitFor({ timeout: 3000 })
    await desk.see(locked.getByText('Giulia Conti, your card was taken out. Put it back and type your PIN.'))
    expect(await desk.heading('People').isVisible()).toBe(false)
    await look(desk.page, 'locked')
    await world.readers.insert(0, 'officer')
    await desk.givePin(pinOf('officer'), 'Your PIN', 'Unlock')
    await desk.see(desk.heading('People'))
    expect(await desk.page.getByLabel('Search people').inputValue()).toBe('nobody yet')
  })

  it.each([
    ['while its key is made', 'Carla', 'Verdi', 1, '20000001', { ins: INS.generate, skip: 1 }],
    ['after its key was made', 'Dario', 'Neri', 2, '20000002', { ins: INS.generate, skip: 1, after: true }],
    ['between certificate and writing', 'Elio', 'Bianchi', 3, '20000003', { ins: INS.put, skip: 1 }],
  ] as const)('goes on with the holder’s card pulled %s', async (_when, given, family, blank, serial, pull) => {
    await desk.changeCard(1, `blank-${blank}`, 'blank')
    await desk.enrol(makePerson(given, family, `YB00000${blank}0`), 'Staff card')
    await world.readers.pullOn(1, pull)
    await desk.button('Issue card').click()
    const told = await desk.see(desk.byId('interruption'))
    expect(await told.innerText()).toContain('Interrupted: The card was taken out while it was being used.')
    expect(await told.innerText()).toContain('Put the same card back.')
    await desk.see(desk.byId('card-fit').getByText('Insert the card'))
    if (blank === 3) await look(desk.page, 'interrupted')
    await world.readers.insert(1, `blank-${blank}`)
    await desk.byId('card-fit').waitFor({ state: 'detached' })
    await desk.issue('Resume')
    await desk.handOver('481526')
    expect(slots(serial).filter((row) => row.endsWith('issued'))).toEqual(ONE_PER_SLOT)
    expect(slots(serial), 'nothing was issued twice').toEqual(ONE_PER_SLOT)
  })

  it('refuses the holder’s card at sign-in, whose owner may not work here', async () => {
    await desk.signOut()
    await desk.changeCard(0, null)
    await desk.see(desk.byId('card-owner').filter({ hasText: 'Elio Bianchi' }))
    await desk.givePin('481526', 'Your PIN', 'Sign in')
    await desk.see(desk.byId('failure').getByText('This card belongs to nobody who may sign in here.'))
    await look(desk.page, 'nobody')
    await world.readers.remove(1)
    await world.readers.insert(0, 'officer')
    await desk.signIn('officer')
  })
})
