import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from './harness/chromium.ts'
import { DeskScreen } from './harness/desk-screen.ts'
import { look } from './harness/look.ts'
import { makeUnwelcomeOfficers, MORE_PIN } from './harness/more-operators.ts'
import { tellOnFailure } from './harness/on-failure.ts'
import { describeDesk } from './harness/suite.ts'
import { World } from './harness/world.ts'

describeDesk('virtual', 'when someone is refused', () => {
  let world: World
  let browser: Browser
  let desk: DeskScreen
  tellOnFailure(() => ({ world, pages: [desk?.page] }))
  beforeAll(async () => {
    ;[world, browser] = await Promise.all([
      World.start({ cards: 'virtual', prepare: makeUnwelcomeOfficers }),
      launchChromium(),
    ])
    desk = await DeskScreen.open(world, browser)
    await desk.see(desk.byId('card-owner'))
  })
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
  })

  it.each([
    [
      'an expired certificate',
      'expired',
      'Sara Leone',
      'The certificate on your card has expired.',
      'You need a new card',
    ],
    [
      'a revoked certificate',
      'revoked',
      'Ugo Serra',
      'The certificate on your card has been revoked.',
      'Ask the administrator',
    ],
    [
      'another authority’s certificate',
      'foreign',
      'Vera Costa',
      'was not issued by an authority this server trusts.',
      'Use the card issued to you',
    ],
  ])('refuses %s with a sentence and what to do', async (_what, card, owner, what, todo) => {
    await desk.changeCard(0, card, card === 'expired' ? 'expired' : 'ready')
    await desk.see(desk.byId('card-owner').filter({ hasText: owner }))
    await desk.givePin(MORE_PIN, 'Your PIN', 'Sign in')
    const told = await (await desk.see(desk.byId('failure'))).innerText()
    expect(told).toContain(what)
    expect(told).toContain(todo)
    await look(desk.page, `refused-${card}`)
  })

  it('tells the tries left after each wrong PIN, and the way out once it is blocked', async () => {
    await desk.changeCard(0, 'officer')
    await desk.see(desk.byId('pin-tries').getByText('PIN: 3 tries left of 3'))
    for (const left of ['2 tries left of 3', '1 try left of 3']) {
      await desk.givePin('000000', 'Your PIN', 'Sign in')
      await desk.see(desk.byId('failure').getByText('The PIN is wrong.'))
      await desk.see(desk.byId('pin-tries').getByText(`PIN: ${left}`))
    }
    await look(desk.page, 'one-try-left')
    await desk.givePin('000000', 'Your PIN', 'Sign in')
    await desk.see(desk.text('The PIN of this card is blocked'))
    await desk.see(desk.text(/The help desk unblocks it on the Unlock screen/))
    await desk.cardIs(0, 'pin-blocked')
    expect(await desk.page.getByLabel('Your PIN').count(), 'no PIN is asked any more').toBe(0)
    await look(desk.page, 'blocked-at-sign-in')
  })

  it('tells help desk who may enrol, and shows no way there', async () => {
    await desk.changeCard(0, 'helpdesk')
    await desk.signIn('helpdesk')
    const screens = desk.page.getByRole('navigation', { name: 'Screens' })
    expect(await screens.getByRole('link', { name: 'Enrol and issue' }).count()).toBe(0)
    await desk.page.evaluate(() => (location.hash = '#/enrol'))
    await desk.see(desk.text('You may not do this'))
    await desk.see(desk.text(/Who can: .*Registration officer/))
    await look(desk.page, 'not-permitted')
  })
})
