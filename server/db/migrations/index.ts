import { initialAudit } from './audit-0001.ts'
import { tenantFirst } from './audit-0002.ts'
import { smallerEntries } from './audit-0003.ts'
import { cutsAndResumedRuns } from './audit-0004.ts'
import { checkpointsAndWitnesses } from './audit-0005.ts'
import { linkedCheckpoints } from './audit-0007.ts'
import { timesOfErasures } from './audit-0008.ts'
import { listedEntries } from './audit-0009.ts'
import { entriesFollow } from './audit-0010.ts'
import { initialOperational } from './operational-0001.ts'
import { sessionsAndAuthority } from './operational-0002.ts'
import { sessionClock } from './operational-0003.ts'
import { intentsOfNodes } from './operational-0004.ts'
import { operations } from './operational-0005.ts'
import { filtersAndReviews } from './operational-0006.ts'
import { exportsOfAudit } from './operational-0007-exports.ts'
import { keysAndTheirCertificates } from './operational-0008-keys.ts'
import type { Migration } from './columns.ts'

export type { DialectName, Migration } from './columns.ts'

/** In order, for ever: a migration that was delivered is never changed, only followed by another. */
export const OPERATIONAL_MIGRATIONS: readonly Migration[] = [
  initialOperational,
  sessionsAndAuthority,
  sessionClock,
  intentsOfNodes,
  operations,
  filtersAndReviews,
  exportsOfAudit,
  keysAndTheirCertificates,
]
export const AUDIT_MIGRATIONS: readonly Migration[] = [
  initialAudit,
  tenantFirst,
  smallerEntries,
  cutsAndResumedRuns,
  checkpointsAndWitnesses,
  linkedCheckpoints,
  timesOfErasures,
  listedEntries,
  entriesFollow,
]
