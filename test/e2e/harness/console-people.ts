import type { Browser } from 'playwright-core'
import { ConsoleScreen } from './console-screen.ts'
import { pinOf, type DeskScreen } from './desk-screen.ts'
import type { World } from './world.ts'

/** Someone's card in the desk's first reader, and they signed in there. */
export async function sitDown(desk: DeskScreen, operator: string): Promise<void> {
  await desk.changeCard(0, operator)
  await desk.signIn(operator)
}

/** Whoever sits at the desk opens a console and lets it in by its code. */
export async function openConsoleOf(
  world: World,
  browser: Browser,
  desk: DeskScreen,
  operator: string,
): Promise<ConsoleScreen> {
  const opened = await ConsoleScreen.open(world, browser)
  const code = await opened.code()
  await desk.go('Console sign-in')
  await desk.page.getByLabel('Code shown by the console').fill(code)
  await desk.button('Find').click()
  await desk.button('Sign the console in').click()
  const dialog = desk.page.getByRole('dialog')
  await dialog.getByLabel('PIN', { exact: true }).fill(pinOf(operator))
  await dialog.getByRole('button', { name: 'Sign the console in' }).click()
  await desk.see(desk.byId('console-approved'))
  await opened.see(opened.page.getByRole('navigation', { name: 'Screens' }))
  return opened
}
