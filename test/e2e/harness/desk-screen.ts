import type { Browser, Locator, Page } from 'playwright-core'
import { DEMO_OPERATORS } from '../../../main/launch/demo-operators.ts'
import { listen, openPage, PATIENCE_MS } from './chromium.ts'
import { look } from './look.ts'
import type { Person } from './people.ts'
import type { World } from './world.ts'

export const pinOf = (operator: string): string => DEMO_OPERATORS.find(({ key }) => key === operator)!.pin
export const nameOf = (operator: string): string => DEMO_OPERATORS.find(({ key }) => key === operator)!.name

/** The desk as someone in front of it uses it: by the names of what is on the screen (in English). */
export class DeskScreen {
  readonly page: Page
  readonly complaints: string[]
  readonly #world: World

  private constructor(world: World, page: Page, complaints: string[]) {
    this.#world = world
    this.page = page
    this.complaints = complaints
  }

  /** The desk's window: opened by its one-time link in Chromium, or Electron's own. */
  static async open(world: World, browser: Browser, locale = 'en-GB'): Promise<DeskScreen> {
    if (world.electron !== null) {
      const page = await world.electron.firstWindow()
      await page.setViewportSize({ width: 1280, height: 800 })
      page.setDefaultTimeout(PATIENCE_MS)
      return new DeskScreen(world, page, listen(page))
    }
    const { page, complaints } = await openPage(browser, { locale })
    const screen = new DeskScreen(world, page, complaints)
    await page.goto(world.link)
    return screen
  }
  /** After the desk's process was started again. */
  async reopen(): Promise<DeskScreen> {
    if (this.#world.electron !== null) return DeskScreen.open(this.#world, this.page.context().browser()!)
    await this.page.goto(this.#world.link)
    return this
  }

  button = (name: string | RegExp): Locator => this.page.getByRole('button', { name, exact: true })
  heading = (name: string | RegExp): Locator => this.page.getByRole('heading', { name, exact: true, level: 1 })
  /** By test id, of what is in sight: a locked desk keeps its screen below the lock. */
  byId = (id: string): Locator => this.page.getByTestId(id).filter({ visible: true })
  text = (text: string | RegExp): Locator => this.page.getByText(text)
  /** Waits until it is on the screen. */
  async see(what: Locator): Promise<Locator> {
    await what.first().waitFor()
    return what.first()
  }
  async go(screen: string, title = screen): Promise<void> {
    await this.page
      .getByRole('navigation', { name: 'Screens' })
      .getByRole('link', { name: screen, exact: true })
      .click()
    await this.see(this.heading(title))
  }

  /** Types into the PIN field of this name and presses the button of this name, inside the same form. */
  async givePin(pin: string, field: string, action: string): Promise<void> {
    const form = this.page.locator('form').filter({ has: this.page.getByLabel(field, { exact: true }) })
    await form.getByLabel(field, { exact: true }).fill(pin)
    await form.getByRole('button', { name: action, exact: true }).click()
  }
  async signIn(operator: string, pin = pinOf(operator)): Promise<void> {
    await this.see(this.byId('card-owner').filter({ hasText: nameOf(operator) }))
    await this.givePin(pin, 'Your PIN', 'Sign in')
    await this.see(this.button(new RegExp(`^${nameOf(operator)}.*session menu`)))
  }
  async signOut(): Promise<void> {
    await this.page.getByRole('button', { name: /session menu/ }).click()
    await this.page.getByRole('menuitem', { name: 'Sign out' }).click()
    await this.see(this.heading('Sign in'))
  }
  /** Another card in a reader, seen by the desk. */
  async changeCard(reader: 0 | 1, card: string | null, state = 'ready'): Promise<void> {
    await this.#world.readers.remove(reader)
    await this.cardIs(reader, 'empty')
    if (card === null) return
    await this.#world.readers.insert(reader, card)
    await this.cardIs(reader, state)
  }
  cardIs = (reader: 0 | 1, state: string): Promise<Locator> =>
    this.see(this.page.locator(`[data-testid="reader-${reader}"][data-state="${state}"]`).filter({ visible: true }))

  /** From any screen to a typed new person, at their identity step. */
  async newPerson(person: Person): Promise<void> {
    await this.go('Enrol and issue')
    await this.button('New person').first().click()
    await this.page.getByLabel(/^Family name/).fill(person.familyName)
    await this.page.getByLabel(/^Given names/).fill(person.givenNames)
    await this.page.getByLabel(/^Birth date/).fill(person.birthDate)
    await this.page.getByLabel(/^Nationality/).fill('ITA')
  }
  async createPerson(): Promise<void> {
    await this.button('Create and continue').click()
    await this.see(this.heading('Identity'))
  }
  async proveIdentity(person: Person): Promise<void> {
    await this.page.getByLabel('Machine readable zone').focus()
    await this.page.keyboard.insertText(person.mrz)
    await this.see(this.byId('mrz-verdict').getByText(/check digits agree/))
    await this.button('All match').click()
    await this.page.getByLabel(/^I have checked the document/).check()
  }
  async confirmIdentity(): Promise<void> {
    await this.button('Confirm identity').click()
    await this.see(this.heading('Card and certificates'))
  }
  async chooseProfile(profile: string): Promise<void> {
    await this.page.getByRole('radio', { name: profile, exact: true }).check()
    await this.button('Choose this profile').click()
    await this.see(this.heading('Statement to sign'))
  }
  async signStatement(pin = pinOf('officer')): Promise<void> {
    await this.see(this.byId('statement'))
    await this.button('Sign statement').click()
    await this.givePin(pin, 'PIN', 'Sign with my card')
    await this.see(this.heading('Personalise'))
  }
  /** Everything up to the card: a new person, proved, profile chosen, statement signed. */
  async enrol(person: Person, profile: string): Promise<void> {
    await this.enrolToStatement(person, profile)
    await this.signStatement()
  }
  /** Everything up to the signature. */
  async enrolToStatement(person: Person, profile: string): Promise<void> {
    await this.newPerson(person)
    await this.createPerson()
    await this.proveIdentity(person)
    await this.confirmIdentity()
    await this.chooseProfile(profile)
  }
  /** Starts or resumes the making of the card, and waits until it is made. */
  async issue(action: 'Issue card' | 'Resume' = 'Issue card'): Promise<void> {
    await this.button(action).click()
    await this.see(this.heading('Hand-over and receipt'))
  }
  /** Waits until a step of the making is under way, by the words on the screen; steps are short, so it looks often. */
  async underWay(step: RegExp): Promise<void> {
    await this.page.waitForFunction(
      (words) =>
        [...document.querySelectorAll('li[data-state=running]')].some((row) =>
          new RegExp(words).test(row.textContent ?? ''),
        ),
      step.source,
      { polling: 10 },
    )
  }
  /** Opens an object's trail, waits for an entry in these words, and closes it; `name`: looked at under it. */
  async trailOf(button: string | RegExp, entry: RegExp, name?: string): Promise<void> {
    await this.button(button).first().click()
    await this.see(this.byId('trail').getByTestId('trail-entry').getByText(entry))
    if (name !== undefined) await look(this.page, name)
    await this.page.keyboard.press('Escape')
    await this.byId('trail').waitFor({ state: 'hidden' })
  }
  async handOver(pin: string): Promise<void> {
    await this.see(this.heading('Hand-over and receipt'))
    await this.page.getByLabel('New PIN', { exact: true }).fill(pin)
    await this.page.getByLabel('New PIN again', { exact: true }).fill(pin)
    await this.button('Set PIN and hand over').click()
    await this.see(this.byId('handed-over'))
  }
}
