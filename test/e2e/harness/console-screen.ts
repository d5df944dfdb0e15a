import type { Browser, Locator, Page } from 'playwright-core'
import { openPage } from './chromium.ts'
import type { World } from './world.ts'

/** The server's console in a browser of its own, used by the names of what is on the screen (in English). */
export class ConsoleScreen {
  readonly page: Page
  readonly complaints: string[]

  private constructor(page: Page, complaints: string[]) {
    this.page = page
    this.complaints = complaints
  }

  static async open(world: World, browser: Browser): Promise<ConsoleScreen> {
    const { page, complaints } = await openPage(browser, { anyServer: true })
    await page.goto(`${world.instance.serverUrl}/console/`)
    return new ConsoleScreen(page, complaints)
  }

  button = (name: string | RegExp): Locator => this.page.getByRole('button', { name, exact: true })
  heading = (name: string | RegExp): Locator => this.page.getByRole('heading', { name, exact: true, level: 1 })
  byId = (id: string): Locator => this.page.getByTestId(id)
  async see(what: Locator): Promise<Locator> {
    await what.first().waitFor()
    return what.first()
  }
  async go(screen: string): Promise<void> {
    await this.page
      .getByRole('navigation', { name: 'Screens' })
      .getByRole('link', { name: screen, exact: true })
      .click()
    await this.see(this.heading(screen))
  }
  /** The code to type at a desk. */
  async code(): Promise<string> {
    return (await (await this.see(this.byId('console-code'))).innerText()).trim()
  }
  /** Chooses from a list that filters while one types. */
  async choose(label: string, option: string): Promise<void> {
    await this.page
      .getByRole('combobox', { name: label })
      .or(this.page.getByLabel(label, { exact: true }))
      .first()
      .click()
    await this.page.getByRole('option', { name: option, exact: true }).click()
  }
}
