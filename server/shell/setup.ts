import { randomUUID } from 'node:crypto'
import { AppError } from '../../shared/contract/index.ts'
import { drainLeft } from '../audit/left-intents.ts'
import { initInternalCa, openInternalCa } from '../ca/index.ts'
import { caConfigOf, openFoundation, type Foundation } from '../foundation.ts'
import type { ServerConfig } from '../config.ts'
import type { Log } from '../log/log.ts'
import { Changes, type Author } from '../services/change.ts'
import { newShellAccess, recordShellAccess } from './access-record.ts'
import { makeInstallation, makeTls } from './installation.ts'
import { makeOperator, type IssuingClock } from './make-operators.ts'
import { makeOrganisation, makeTenant, PlanIndex, type Making } from './organisation.ts'
import type { Plan, SetupResult } from './plan.ts'

/** The shell acts as nobody in particular: no operator, no station; one correlation id per command. */
export const shellAuthor =
  (correlationId: string) =>
  (tenant: string): Author => ({
    tenant,
    operator: null,
    station: null,
    correlationId,
    at: Date.now(),
  })

/** The internal CA with a clock that can be set aside for certificates of other times. */
export const openCa = async (foundation: Foundation) => {
  let shifted: Date | null = null
  const clock: IssuingClock = { set: (at) => (shifted = at) }
  const parts = {
    config: caConfigOf(foundation.config),
    keyStore: foundation.keys,
    store: foundation.caStore,
    now: () => shifted ?? new Date(),
  }
  await initInternalCa(parts)
  return { ca: await openInternalCa(parts), clock }
}

/**
 * Makes an installation as planned, or finishes one, or finds it made. The caller holds the lease: the server must not
 * run. Each entity is durable with its audit entry before the next is begun. Throws CONFIG_INVALID, HSM_UNAVAILABLE.
 */
export const setUp = async (config: ServerConfig, plan: Plan, log: Log): Promise<SetupResult> => {
  if (plan.tenant.name !== config.tenant)
    throw new AppError('CONFIG_INVALID', { reason: 'tenant', path: 'plan.tenant.name' })
  await makeInstallation(config)
  const foundation = await openFoundation(config, log)
  try {
    const { ca, clock } = await openCa(foundation)
    const { rootFile } = await makeTls(config, ca)
    const { db } = foundation.databases.operational
    const making: Making = {
      db,
      changes: new Changes(db, foundation.sequencer),
      index: new PlanIndex(db),
      author: shellAuthor(randomUUID()),
    }
    const tenant = await makeTenant(making, plan.tenant.name)
    // Only now is there somebody whose audit it belongs to.
    const entered = newShellAccess(config.name, tenant, 'setup')
    await recordShellAccess(db, entered, 'Login')
    const { divisions, offices, stations } = await makeOrganisation(making, tenant, plan)
    const operators: Record<string, SetupResult['operators'][string]> = {}
    for (const operator of plan.operators) {
      operators[operator.key] = await makeOperator(making, { tenant, divisions, offices }, operator, ca, clock)
    }
    await recordShellAccess(db, entered, 'Logout')
    await drainLeft(db, foundation.sequencer)
    return {
      server: { name: config.name, url: config.publicUrl, keys: foundation.keys.kind },
      tenant: { id: tenant },
      divisions,
      offices,
      stations,
      operators,
      rootCertificateFile: rootFile,
      tlsCertificateFile: config.tls.certificateFile,
    }
  } finally {
    await foundation.close()
  }
}
