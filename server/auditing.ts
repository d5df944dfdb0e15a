import { AuditTrail, type VerificationJobs, type VerificationRun } from './audit/index.ts'
import type { Witnessing } from './audit/checkpoint-service.ts'
import { listHoldersOf } from './db/repositories/access-reviews.ts'
import type { Directory } from './db/repositories/directory.ts'
import type { Foundation } from './foundation.ts'
import type { Log } from './log/log.ts'
import type { OwnWork } from './own-work.ts'
import type { AuditServices } from './routes/handlers-audit.ts'
import { AccessEntries } from './services/access-entries.ts'
import { Access } from './services/access.ts'
import { AuditChains } from './services/audit-chains.ts'
import { AuditFollowing } from './services/audit-follow.ts'
import { AuditInclusion } from './services/audit-inclusion.ts'
import { AuditScope } from './services/audit-scope.ts'
import { AuditVerification } from './services/audit-verification.ts'
import { AuditReading } from './services/audit.ts'
import type { Changes } from './services/change.ts'
import { SavedFilters } from './services/saved-filters.ts'
import { Witnesses } from './services/witnesses.ts'

/** What looks at the audit; also what the shell shows of it. */
export const auditServices = (
  foundation: Foundation,
  made: {
    readonly directory: Directory
    readonly changes: Changes
    readonly jobs: VerificationJobs
    /** A checkpoint of everything that is there now. */
    readonly seal: () => Promise<unknown>
    readonly verificationEnded: (run: VerificationRun) => void
    readonly log: Log
  },
): AuditServices & { readonly inclusion: AuditInclusion } => {
  const { directory, changes, jobs, log } = made
  const { config, databases, sequencer } = foundation
  const audit = databases.audit.db
  const { db } = databases.operational
  const scope = new AuditScope(directory, config.audit.sight)
  const trail = new AuditTrail(databases.audit, (ids) => Promise.resolve(directory.operatorNames(ids)))
  const onError = (cause: unknown) =>
    log.error({ cause: cause instanceof Error ? cause.stack : String(cause) }, 'verification did not go on')
  const inclusion = new AuditInclusion({
    audit,
    trail,
    node: config.name,
    trustedKeyIds: () => foundation.trustedKeyIds,
    seal: made.seal,
    onError,
    onEnd: made.verificationEnded,
  })
  const verification = new AuditVerification({
    audit,
    directory,
    scope,
    changes,
    jobs,
    inclusion,
    chain: config.name,
    onError,
  })
  const administrators = () => listHoldersOf(db, directory.tenant, 'SA')
  const entries = new AccessEntries(trail, directory, config.audit.workingHours, administrators)
  return {
    inclusion,
    audit: new AuditReading({ directory, scope, trail, following: new AuditFollowing(audit, trail, directory) }),
    verification,
    chains: new AuditChains({ audit, sequencer, scope, verification }),
    savedFilters: new SavedFilters(db, changes),
    access: new Access({ db, audit, directory, changes, scope, entries }),
  }
}

/** Checkpoints and who has seen them, as the API gives them. */
export const witnessesOf = (
  { config, databases }: Foundation,
  made: {
    readonly directory: Directory
    readonly changes: Changes
    readonly witnessing: Witnessing
    readonly alarms: OwnWork['alarms']
    readonly log: Log
  },
): Witnesses =>
  new Witnesses({
    ...made,
    ...made.witnessing,
    audit: databases.audit.db,
    chain: config.name,
    scope: new AuditScope(made.directory, config.audit.sight),
    trail: new AuditTrail(databases.audit, (ids) => Promise.resolve(made.directory.operatorNames(ids))),
  })
