import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { makeBlankCard } from '../../main/launch/demo-cards.ts'
import { launchChromium } from './harness/chromium.ts'
import { DeskScreen, pinOf } from './harness/desk-screen.ts'
import { look } from './harness/look.ts'
import { oneAfterTheOther, tellOnFailure } from './harness/on-failure.ts'
import { makePerson } from './harness/people.ts'
import { certificatesOf } from './harness/registry.ts'
import { describeDesk } from './harness/suite.ts'
import { World } from './harness/world.ts'

const ISSUED = ['9A issued', '9C issued', '9D issued']

describeDesk('virtual', 'when a program is killed in the middle', () => {
  let world: World
  let browser: Browser
  let desk: DeskScreen
  tellOnFailure(() => ({ world, pages: [desk?.page] }))
  oneAfterTheOther()
  beforeAll(async () => {
    ;[world, browser] = await Promise.all([World.start({ cards: 'virtual' }), launchChromium()])
    desk = await DeskScreen.open(world, browser)
    await desk.signIn('officer')
  })
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
  })
  /** As slow as a real card, so that there is a middle. */
  beforeEach(() => world.readers.slow(1, 40))
  const slots = (serial: string) => certificatesOf(world, serial).map(({ slot, state }) => `${slot} ${state}`)

  it('goes on after the card worker was killed: locked, PIN, resumed', async () => {
    await desk.enrol(makePerson('Fabio', 'Gallo', 'YC0000010'), 'Staff card')
    await desk.button('Issue card').click()
    await desk.underWay(/9A .*: certificate written/)
    world.killCardWorker()
    const locked = desk.page.getByRole('dialog', { name: 'The desk is locked' })
    await desk.see(locked.getByText(/the card service was restarted\. Type your PIN to go on; nothing is lost\./))
    await desk.cardIs(0, 'ready')
    await look(desk.page, 'worker-killed')
    await desk.givePin(pinOf('officer'), 'Your PIN', 'Unlock')
    await desk.see(desk.heading('Personalise'))
    await desk.issue('Resume')
    expect(slots('20000001')).toEqual(ISSUED)
  })

  it('goes on after the server was killed and started again', async () => {
    await desk.changeCard(1, 'blank-2', 'blank')
    await world.readers.slow(1, 40)
    await desk.enrol(makePerson('Gina', 'Moretti', 'YC0000020'), 'Staff card')
    await desk.button('Issue card').click()
    await desk.underWay(/9C .*: key made/)
    await world.killServer()
    await desk.see(desk.byId('failure').getByText('The server cannot be reached.'))
    await desk.see(desk.byId('connection').getByText('Offline'))
    await look(desk.page, 'server-killed')
    await world.startServer()
    await desk.see(desk.byId('connection').getByText('Online'))
    await desk.issue('Resume')
    expect(slots('20000002')).toEqual(ISSUED)
  })

  it('says that the server is out of reach, and works again when it is back', async () => {
    await world.killServer()
    await desk.go('People')
    const alert = await desk.see(desk.page.getByRole('alert').filter({ hasText: 'The server cannot be reached.' }))
    expect(await alert.innerText()).toContain('The desk tries again by itself')
    await look(desk.page, 'offline')
    await world.startServer()
    await desk.see(desk.byId('connection').getByText('Online'))
    // As the sentence promised: nobody presses anything.
    await desk.see(desk.page.getByRole('link', { name: /Gallo/ }))
  })

  it('goes on after the desk was killed and started again', async () => {
    await desk.changeCard(1, 'blank-3', 'blank')
    await world.readers.slow(1, 40)
    await desk.enrol(makePerson('Ida', 'Fontana', 'YC0000030'), 'Staff card')
    await desk.button('Issue card').click()
    await desk.underWay(/9A .*: certificate written/)
    await world.killDesk()
    await world.startDesk()
    desk = await desk.reopen()
    await desk.signIn('officer')
    await desk.go('Today')
    await desk.page.getByRole('link', { name: /Ida Fontana/ }).click()
    await desk.see(desk.byId('unfinished').getByText('This card was begun and is not finished'))
    await look(desk.page, 'desk-killed')
    await desk.issue('Resume')
    expect(slots('20000003')).toEqual(ISSUED)
    await desk.handOver('481526')
  })

  it('rolls a card back: its certificates revoked, the card wiped, another card made instead', async () => {
    const blanks = join(world.instance.folder, 'readers')
    await makeBlankCard(blanks, 'blank-4', 20_000_004, 'Blank card 4')
    await makeBlankCard(blanks, 'blank-5', 20_000_005, 'Blank card 5')
    await desk.changeCard(1, 'blank-4', 'blank')
    await desk.enrol(makePerson('Luca', 'Ricci', 'YC0000040'), 'Staff card')
    await world.readers.slow(1, 0)
    await world.readers.pullOn(1, { ins: 'DB', skip: 2 })
    await desk.button('Issue card').click()
    await desk.see(desk.byId('interruption'))
    await world.readers.insert(1, 'blank-4')
    await desk.byId('card-fit').waitFor({ state: 'detached' })
    await desk.button('Roll back').click()
    const dialog = desk.page.getByRole('dialog', { name: 'Roll back this card' })
    await dialog.getByLabel('Reason').fill('The card is bent.')
    await dialog.getByLabel('Type “Ricci” to confirm').fill('ricci')
    await look(desk.page, 'roll-back')
    await dialog.getByRole('button', { name: 'Roll back', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(slots('20000004')).toEqual(['9A revoked', '9C revoked'])
    expect(Object.keys(world.card('blank-4').objects)).toEqual([])
    await desk.changeCard(1, 'blank-5', 'blank')
    await desk.issue()
    expect(slots('20000005')).toEqual(ISSUED)
  })
})
