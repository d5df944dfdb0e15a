import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { AuditAction } from '../../shared/contract/index.ts'
import { recordIntent } from '../audit/index.ts'
import { inTransaction, newId } from '../db/index.ts'
import type { OperationalDatabase } from '../db/schema.ts'
import { systemAccount } from '../identity/database-access.ts'

/** One use of the shell, from its login to its logout. */
export interface ShellAccess {
  readonly server: string
  readonly tenant: string
  readonly command: string
  readonly correlationId: string
}

export const newShellAccess = (server: string, tenant: string, command: string): ShellAccess => ({
  server,
  tenant,
  command: command.slice(0, 200),
  correlationId: randomUUID(),
})

/**
 * Keeps that the shell was used, as administrator access. Durable as an intent when it returns; who writes the chain
 * next makes it an entry: this very process, the running server, or the server when it starts. Gives the intent's id.
 */
export const recordShellAccess = async (
  db: OperationalDatabase,
  access: ShellAccess,
  action: Extract<AuditAction, 'Login' | 'LoginFailed' | 'Logout'>,
  code: string | null = null,
): Promise<string> => {
  const account = systemAccount()
  const { server, tenant, command, correlationId } = access
  const id = newId('intent')
  await inTransaction(db, async (trx) => {
    await recordIntent(trx, {
      id,
      at: Date.now(),
      tenant,
      operator: null,
      station: null,
      action,
      object: { type: 'server', id: server },
      correlationId,
      before: null,
      after: { name: `shell · ${account}`, kind: 'shell', account, host: hostname(), command, code },
      reason: 'shell',
    })
  })
  return id
}
