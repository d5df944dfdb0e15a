import { DeskWatch } from './alarms/desk-watch.ts'
import { LeftFaults } from './alarms/left-faults.ts'
import { drainLeft } from './audit/left-intents.ts'
import { AuditTrail } from './audit/index.ts'
import { forgetExpiredAnswers } from './db/repositories/idempotency.ts'
import type { Foundation } from './foundation.ts'
import type { Sessions } from './identity/sessions.ts'
import type { Log } from './log/log.ts'
import type { OwnWork } from './own-work.ts'
import type { Certificates } from './services/certificates.ts'

const EVERY_MS = 30_000

/** What is looked at each half minute, whoever asks or does not. */
export interface Watches {
  /** All of it, now. Never rejects: what fails is logged and tried again. */
  sweep(): Promise<void>
  /** The first look at what was left by others, then the clock, which keeps no process alive. Never rejects. */
  start(): Promise<void>
  close(): void
}

export const openWatches = (parts: {
  readonly foundation: Foundation
  readonly tenant: string
  readonly sessions: Sessions
  readonly certificates: Certificates
  readonly alarms: OwnWork['alarms']
  readonly log: Log
}): Watches => {
  const { sessions, certificates, alarms, tenant, log } = parts
  const { config, databases, sequencer } = parts.foundation
  const { db } = databases.operational
  const trail = new AuditTrail(databases.audit, () => Promise.resolve(new Map()))
  const leftFaults = new LeftFaults({ db, trail, alarms, chain: config.name, tenant })
  const staleMs = config.checkpoints.desksStaleHours * 3_600_000
  const desks = new DeskWatch({ db, audit: databases.audit.db, alarms, tenant, staleMs })
  // The shell beside us leaves what it did as intents, and nobody waits for them. A stopped chain tries by itself.
  const drain = async (): Promise<void> => {
    if (sequencer.state().state === 'running') await drainLeft(db, sequencer)
    await leftFaults.look()
  }
  const failed = (error: unknown): void =>
    log.error({ cause: error instanceof Error ? error.stack : String(error) }, 'sweep failed')
  const sweep = async (): Promise<void> => {
    const now = Date.now()
    const all = [sessions.sweep(now), forgetExpiredAnswers(db, now), certificates.reconcile(), drain(), desks.look()]
    await Promise.all(all).catch(failed)
  }
  let timer: NodeJS.Timeout | null = null
  return {
    sweep,
    start: async () => {
      timer = setInterval(() => void sweep(), EVERY_MS).unref()
      await leftFaults.look().catch(failed)
    },
    close: () => {
      if (timer) clearInterval(timer)
    },
  }
}
