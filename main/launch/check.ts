import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCardWorker } from '../cards/index.ts'
import { composeDesk } from '../compose.ts'
import { readConfig } from '../config.ts'
import { plainSeal } from '../store/crypto.ts'
import { startDemoTime } from './demo-time.ts'
import { openDemo, type DemoInstance } from './demo.ts'
import { DeskUser } from './desk-user.ts'
import { HOLDER_READER, issueCard, proveInAudit, StepClock, unblockCard } from './main-job.ts'
import type { LaunchOptions } from './options.ts'
import { startServer } from './server.ts'
import { stopProgram } from './processes.ts'
import { ROOT } from './setup.mjs'

/** What `--check` prints as its last line. `deskOverheadMs` is the time of issuing in which the card was not answering. */
export interface CheckReport {
  ok: boolean
  steps: { name: string; ms: number }[]
  issuedSerial: string | null
  auditEntries: number
  chainVerified: boolean
  deskOverheadMs: number
  error?: string
}

export async function openDesk(instance: DemoInstance) {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  return composeDesk(readConfig(instance.deskConfig), {
    kind: 'browser',
    version,
    seal: plainSeal,
    startCards: startCardWorker,
  })
}

/** The whole main job on an instance of its own, through the desk's services and the server; leaves nothing running. */
export async function runCheck(options: LaunchOptions, say: (line: string) => void): Promise<CheckReport> {
  const folder = options.data ?? join(mkdtempSync(join(tmpdir(), 'countersign-check-')), 'instance')
  if (existsSync(join(folder, 'instance.json')))
    throw new Error(
      `--check wants an instance of its own: ${folder} is one already. Leave --data out or name an empty folder.`,
    )
  const clock = new StepClock(({ name, ms }) => say(`  ${String(ms).padStart(6)} ms  ${name}`))
  const report: CheckReport = {
    ok: false,
    steps: clock.steps,
    issuedSerial: null,
    auditEntries: 0,
    chainVerified: false,
    deskOverheadMs: 0,
  }
  const closers: (() => Promise<unknown>)[] = []
  try {
    const instance = await clock.step('instance made', () =>
      openDemo({ folder, port: options.port, softwareKeys: options.softwareKeys, pcsc: false }, () => undefined),
    )
    say(
      `           keys: ${instance.keys === 'hsm' ? 'SoftHSM2 over PKCS#11' : 'software key store (for development)'}`,
    )
    const server = await clock.step('server started', () => startServer(instance))
    closers.push(() => stopProgram(server))
    const time = await startDemoTime(instance.folder)
    if (time?.url) closers.push(() => Promise.resolve(time.close()))
    const desk = await clock.step('desk started', () => openDesk(instance))
    closers.push(() => desk.close())
    const user = new DeskUser(desk)
    await user.until(
      async () => (await user.call('readers.list', {})).every(({ state }) => state === 'ready' || state === 'blank'),
      'the cards to be read',
    )
    const before = await desk.cardTime()
    const started = performance.now()
    const enrolment = await issueCard(user, clock)
    const spent = performance.now() - started
    report.deskOverheadMs = Math.max(0, Math.round(spent - ((await desk.cardTime()).ms - before.ms)))
    const serial = enrolment.cardSerial!
    report.issuedSerial = enrolment.certificates.find(({ slot }) => slot === '9A')?.serial ?? null
    await unblockCard(user, clock, serial)
    const audit = await proveInAudit(
      user,
      clock,
      { url: instance.serverUrl, caFile: instance.caFile, folder: instance.folder },
      serial,
    )
    await user.call('demo.insert', { reader: HOLDER_READER, card: null })
    report.auditEntries = audit.entries
    report.chainVerified = audit.verified
    report.ok = audit.verified && audit.exported && enrolment.state === 'handed-over' && report.issuedSerial !== null
  } catch (error) {
    report.error = error instanceof Error ? error.message : String(error)
  } finally {
    for (const close of closers.toReversed()) await close()
    if (options.data === null) rmSync(join(folder, '..'), { recursive: true, force: true })
  }
  return report
}
