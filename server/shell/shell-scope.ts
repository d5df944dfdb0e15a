import type { EntryFilter } from '../audit/index.ts'
import { AuditScope, type AskedScope } from '../services/audit-scope.ts'
import type { Call } from '../services/call.ts'

/** Who has the shell has the machine: every tenant of the audit database, and what the chains say, unless some are named. */
export class ShellScope extends AuditScope {
  override filter(call: Call, asked: AskedScope = {}): EntryFilter | null {
    const found = super.filter(call, asked)
    if (found === null || asked.tenants !== undefined) return found
    const { tenant: _own, ...everywhere } = found
    return everywhere
  }
}
