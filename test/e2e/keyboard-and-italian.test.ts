import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from './harness/chromium.ts'
import { DeskScreen, pinOf } from './harness/desk-screen.ts'
import { englishOn } from './harness/leftovers.ts'
import { lookAtFit, lookAtZoom } from './harness/look.ts'
import { oneAfterTheOther, tellOnFailure } from './harness/on-failure.ts'
import { makePerson } from './harness/people.ts'
import { describeDesk } from './harness/suite.ts'
import { World } from './harness/world.ts'

const NORA = makePerson('Nora', 'De Santis', 'YD0000010')

describeDesk('virtual', 'when the mouse is gone, and when the officer reads Italian', () => {
  let world: World
  let browser: Browser
  let desk: DeskScreen
  tellOnFailure(() => ({ world, pages: [desk?.page] }))
  oneAfterTheOther()
  beforeAll(async () => {
    ;[world, browser] = await Promise.all([World.start({ cards: 'virtual' }), launchChromium()])
    desk = await DeskScreen.open(world, browser)
  })
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
  })
  const press = (key: string) => desk.page.keyboard.press(key)
  const type = (text: string) => desk.page.keyboard.type(text)
  /** Presses Tab until what has the keyboard is this one. */
  const tabTo = async (label: string) => {
    for (let steps = 0; steps < 60; steps++) {
      const name = await desk.page.evaluate(() => {
        const at = document.activeElement as HTMLInputElement | null
        return at?.labels?.[0]?.textContent ?? at?.getAttribute('aria-label') ?? at?.textContent ?? ''
      })
      if (name.startsWith(label)) return
      await press('Tab')
    }
    throw new Error(`Tab does not lead to "${label}"`)
  }

  it('signs in and enrols up to the signed statement by keyboard alone', async () => {
    await desk.see(desk.byId('card-owner'))
    // The field has the focus: a person just types.
    await type(pinOf('officer'))
    await press('Enter')
    await desk.see(desk.heading('Today'))
    await press('g')
    await press('e')
    await desk.see(desk.heading('Enrol and issue'))
    await type('De Santis')
    await desk.see(desk.text('Nobody found for “De Santis”'))
    await press('Control+Enter')
    await desk.see(desk.text('Scan the document'))
    await tabTo('Machine readable zone')
    await type(NORA.mrz)
    await desk.see(desk.text('TD3, check digits agree'))
    await press('Control+Enter')
    await desk.see(desk.heading('Identity'))
    await desk.see(desk.text('TD3, check digits agree'))
    await tabTo('All match')
    await press('Space')
    await tabTo('I have checked the document')
    await press('Space')
    await press('Control+Enter')
    await desk.see(desk.heading('Card and certificates'))
    await tabTo('High-assurance card')
    await press('Space')
    await press('ArrowDown')
    await press('Control+Enter')
    await desk.see(desk.byId('statement').getByText(/Staff card/))
    await press('Control+Enter')
    await desk.see(desk.page.getByRole('dialog').getByText('PIN: 3 tries left of 3'))
    await type(pinOf('officer'))
    await press('Enter')
    await desk.see(desk.heading('Personalise'))
    expect(new URL(desk.page.url()).hash).toMatch(/^#\/enrol\/[^/]+\/personalise$/)
  })

  it('says all of it in Italian, with nothing left in English and nothing cut off', async () => {
    const enrolment = new URL(desk.page.url()).hash.split('/')[2]
    await desk.go('Settings')
    await desk.page.getByText('Italiano', { exact: true }).click()
    await desk.see(desk.heading('Impostazioni'))
    const shown = async (name: string) => {
      expect.soft(await englishOn(desk.page), `English on "${name}"`).toEqual([])
      await lookAtFit(desk.page, `it-${name}`)
    }
    await shown('settings')
    for (const [path, title] of [
      ['today', 'Oggi'],
      ['enrol', 'Registra ed emetti'],
      [`enrol/${enrolment}/person`, 'Persona'],
      [`enrol/${enrolment}/identity`, 'Identità'],
      [`enrol/${enrolment}/card`, 'Carta e certificati'],
      [`enrol/${enrolment}/statement`, 'Dichiarazione da firmare'],
      [`enrol/${enrolment}/personalise`, 'Personalizza'],
      ['people', 'Persone'],
      ['card', 'Carta'],
    ] as const) {
      await desk.page.evaluate((hash) => (location.hash = hash), `#/${path}`)
      await desk.see(desk.heading(title))
      await desk.page.waitForLoadState('networkidle')
      expect.soft(await desk.page.getByRole('alert').allInnerTexts(), `alerts on "${path}"`).toEqual([])
      await shown(path.split('/').at(-1)!)
      await lookAtZoom(desk.page, path.split('/').at(-1)!)
    }
    await press('Alt+l')
    await desk.see(desk.page.getByRole('dialog'))
    await shown('locked')
    await desk.button('Esci').click()
    await desk.see(desk.byId('card-owner'))
    await shown('sign-in')
    expect(desk.complaints).toEqual([])
  })
})
