import { hostname } from 'node:os'
import type { Opened } from '../db/open.ts'
import { endRun, listRuns } from '../db/repositories/audit-runs.ts'
import type { AuditDb } from '../db/schema.ts'
import { isRunning } from './lease-file.ts'

const LOOKED_AT = 1000
const prefixOf = (server: string): string => `${server}#shell@${hostname()}:`

/** Whose a verification of this very shell is. Not the node's: a server that starts must not take it for one it left. */
export const shellNode = (server: string): string => `${prefixOf(server)}${process.pid}`

/** Ends, as errors, the runs of shells of this machine that died in them: no server does. */
export const endLeftRuns = async (audit: Opened<AuditDb>, server: string): Promise<void> => {
  const prefix = prefixOf(server)
  for (const { id, state, node, checked, total } of await listRuns(audit.db, LOOKED_AT)) {
    if (state !== 'running' || node?.startsWith(prefix) !== true) continue
    const pid = Number(node.slice(prefix.length))
    // One with our own number died before us.
    if (pid !== process.pid && isRunning(pid)) continue
    const end = { state: 'error', endedAt: Date.now(), checked, total, verdict: null } as const
    await endRun(audit.db, id, { ...end, errorCode: 'WORKER_CRASHED' })
  }
}
