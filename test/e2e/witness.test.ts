import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { DemoInstance } from '../../main/launch/demo.ts'
import { launchChromium } from './harness/chromium.ts'
import { DeskScreen, pinOf } from './harness/desk-screen.ts'
import { look } from './harness/look.ts'
import { oneAfterTheOther, tellOnFailure } from './harness/on-failure.ts'
import { makePerson } from './harness/people.ts'
import { describeDesk } from './harness/suite.ts'
import { World } from './harness/world.ts'

/** A checkpoint after each entry: nobody has to wait for one. */
async function checkpointOften({ serverConfig }: DemoInstance): Promise<void> {
  const config = JSON.parse(readFileSync(serverConfig, 'utf8')) as object
  writeFileSync(serverConfig, JSON.stringify({ ...config, checkpoints: { entries: 1, seconds: 1 } }))
}

describeDesk('virtual', 'when the server is put back to an old backup', () => {
  let world: World
  let browser: Browser
  let desk: DeskScreen
  tellOnFailure(() => ({ world, pages: [desk?.page] }))
  oneAfterTheOther()
  beforeAll(async () => {
    ;[world, browser] = await Promise.all([
      World.start({ cards: 'virtual', prepare: checkpointOften }),
      launchChromium(),
    ])
    desk = await DeskScreen.open(world, browser)
  })
  afterAll(async () => {
    await browser?.close()
    await world?.stop()
  })
  const server = () => join(world.instance.folder, 'server')
  const backup = () => join(world.instance.folder, 'backup')
  const databases = (folder: string) => readdirSync(folder).filter((name) => name.includes('.sqlite'))
  const copy = (from: string, to: string) => {
    mkdirSync(to, { recursive: true })
    for (const name of databases(to)) rmSync(join(to, name))
    for (const name of databases(from)) cpSync(join(from, name), join(to, name))
  }
  /** The chain as the desk says it saw it, once it saw `least` entries and signed for them. */
  const seen = async (least: number): Promise<number> => {
    const rows = desk.byId('witnessed-chains')
    for (let tries = 0; tries < 60; tries++) {
      await rows.getByRole('button', { name: 'Look now' }).click()
      await desk.page.waitForTimeout(500)
      const text = await rows.innerText()
      const entries = Number(/([0-9]+) entr/.exec(text)?.[1] ?? 0)
      if (entries >= least && text.includes('Signed by this desk')) return entries
    }
    throw new Error(`the desk saw no chain of ${least} entries: ${await rows.innerText()}`)
  }
  let before = 0

  it('the desk has seen the chain, signed for it, and says so', async () => {
    await desk.signIn('officer')
    await desk.go('Settings')
    before = await seen(1)
    await desk.see(desk.byId('witnessed-chains').getByText('As seen before'))
    await look(desk.page, 'witness-settings')
    await desk.signOut()
    await world.stopServer()
    copy(server(), backup())
    await world.startServer()
  })

  it('follows as the chain grows', async () => {
    await desk.signIn('officer')
    await desk.enrol(makePerson('Bianca', 'Serra'), 'Staff card')
    await desk.go('Settings')
    expect(await seen(before + 4)).toBeGreaterThan(before)
    expect(await desk.byId('witness-alarm').count()).toBe(0)
  })

  it('raises the alarm on every screen once the past is gone, and issues nothing more', async () => {
    await desk.signOut()
    await world.stopServer()
    copy(backup(), server())
    await world.startServer()
    await desk.signIn('officer')
    const alarm = await (await desk.see(desk.byId('witness-alarm'))).innerText()
    expect(alarm).toContain('The audit history of the server contradicts what this desk saw')
    expect(alarm).toMatch(/Call the security officer now and quote alarm_[0-9a-f]{12}/)
    await desk.see(desk.byId('witness-alarm').getByText('The server was told.'))
    expect(readFileSync(join(server(), 'server.log'), 'utf8')).toMatch(/contradict/i)
    await look(desk.page, 'witness-alarm')
    await desk.enrolToStatement(makePerson('Carla', 'Neri'), 'Staff card')
    expect(await desk.button('Sign statement').isDisabled()).toBe(true)
    await desk.signOut()
    await desk.see(desk.byId('witness-alarm'))
  })

  it('is still there after the desk was started again, and lets people work otherwise', async () => {
    await world.stopDesk()
    await world.startDesk()
    await desk.reopen()
    await desk.see(desk.byId('witness-alarm'))
    await desk.signIn('officer', pinOf('officer'))
    await desk.see(desk.byId('witness-alarm'))
    await desk.go('People')
  })
})
