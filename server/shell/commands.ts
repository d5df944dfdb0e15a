import { randomUUID } from 'node:crypto'
import type { ParseArgsOptionsConfig } from 'node:util'
import { AppError, RevocationReason } from '../../shared/contract/index.ts'
import { AuditTrail, VerificationJobs } from '../audit/index.ts'
import { findTenant, openFoundation, type Foundation } from '../compose.ts'
import type { ServerConfig } from '../config.ts'
import { Directory } from '../db/repositories/directory.ts'
import { findCertificate } from '../db/repositories/cards.ts'
import { endSession, listOpenSessions } from '../db/repositories/sessions.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { Log } from '../log/log.ts'
import { changeCertificate } from '../services/certificates.ts'
import { Changes, type Tell } from '../services/change.ts'
import { revokeOperatorCertificate } from '../services/operator-certificate.ts'
import { openCa, shellAuthor } from './setup.ts'

export const COMMAND_OPTIONS = {
  serial: { type: 'string' },
  reason: { type: 'string' },
  id: { type: 'string' },
  chain: { type: 'string' },
  sequence: { type: 'string' },
  'object-type': { type: 'string' },
  'object-id': { type: 'string' },
  text: { type: 'string' },
  limit: { type: 'string' },
  cursor: { type: 'string' },
  depth: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig
export type CommandValues = { readonly [N in keyof typeof COMMAND_OPTIONS]?: string | undefined }

interface Ground {
  readonly foundation: Foundation
  readonly tenant: string
  readonly directory: Directory
  readonly changes: Changes
  readonly trail: AuditTrail
}
type Command = (ground: Ground, values: CommandValues) => Promise<unknown>

const need = (values: CommandValues, name: keyof CommandValues): string => {
  const value = values[name]
  if (value === undefined || value === '')
    throw new AppError('REQUEST_INVALID', { path: `--${name}`, reason: 'missing' })
  return value
}
const number = (text: string | undefined, fallback: number): number => {
  const value = text === undefined ? fallback : Number(text)
  if (!Number.isSafeInteger(value)) throw new AppError('REQUEST_INVALID', { reason: 'number' })
  return value
}

const everything = (tenant: string) => ({ tenant, reach: { kind: 'everything' } }) as const

/** Ends what an operator has open: the server must find no session of theirs when it starts again. */
const endSessionsOf = async (
  trx: OperationalTransaction,
  tell: Tell,
  tenant: string,
  operator: string,
  at: number,
): Promise<void> => {
  for (const { id, operator_id: owner, kind } of await listOpenSessions(trx, tenant)) {
    if (owner !== operator || !(await endSession(trx, id, { at, reason: 'revoked', isLock: false }))) continue
    await tell({
      action: 'Logout',
      object: { type: 'session', id },
      after: { id, kind, end: 'revoked' },
      reason: 'shell',
    })
  }
}

const revokeCertificate: Command = async ({ foundation, tenant, changes }, values) => {
  const serial = need(values, 'serial').toLowerCase()
  const reason = RevocationReason.exclude(['certificateHold']).safeParse(values.reason ?? 'unspecified')
  if (!reason.success) throw new AppError('REQUEST_INVALID', { path: '--reason' })
  const { ca } = await openCa(foundation)
  const author = shellAuthor(randomUUID())(tenant)
  await changes.as(author, async (trx, tell) => {
    const before = await findCertificate(trx, everything(tenant), serial)
    if (!before) throw new AppError('CERTIFICATE_NOT_FOUND')
    if (before.state === 'revoked') return
    const operator = await revokeOperatorCertificate(trx, tell, { tenant, serial }, author.at, 'shell')
    if (operator !== null) await endSessionsOf(trx, tell, tenant, operator, author.at)
    const values = { state: 'revoked' as const, revoked_at: author.at, revocation_reason: reason.data }
    await changeCertificate(trx, tell, before, values, author.at, 'shell')
  })
  await ca.revoke(serial, reason.data)
  return { revoked: serial }
}

const setOperatorStatus =
  (status: 'active' | 'suspended'): Command =>
  async ({ tenant, changes }, values) => {
    const id = need(values, 'id')
    const author = shellAuthor(randomUUID())(tenant)
    await changes.as(author, async (trx, tell) => {
      const before = await trx
        .selectFrom('operator')
        .select(['id', 'name', 'status', 'division', 'office'])
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirst()
      if (!before) throw new AppError('NOT_FOUND')
      if (before.status === status) return
      await trx
        .updateTable('operator')
        .set((eb) => ({ status, updated_at: author.at, version: eb('version', '+', 1) }))
        .where('id', '=', id)
        .execute()
      const { name, division, office } = before
      if (status === 'suspended') await endSessionsOf(trx, tell, tenant, id, author.at)
      await tell({
        action: 'Modification',
        object: { type: 'operator', id },
        before: { id, name, status: before.status },
        after: { id, name, status },
        reason: 'shell',
        place: { division, office },
      })
    })
    return { operator: id, status }
  }

const verifyAudit: Command = async ({ foundation }, values) => {
  const mode = values.depth === 'quick' ? 'quick' : 'full'
  const { name: chain } = foundation.config
  const { audit } = foundation.databases
  const jobs = new VerificationJobs({ audit, chain, trustedKeyIds: () => foundation.trustedKeyIds })
  await jobs.recover()
  const { id } = await jobs.start({ mode, requestedBy: null })
  const run = await jobs.wait(id)
  return { state: run.state, checked: run.checked, verdict: run.verdict }
}

const COMMANDS: Readonly<Record<string, Command>> = {
  'certificate revoke': revokeCertificate,
  'operator suspend': setOperatorStatus('suspended'),
  'operator resume': setOperatorStatus('active'),
  'audit list': ({ trail, tenant }, values) =>
    trail.list(
      { tenant, text: values.text, objectType: values['object-type'], objectId: values['object-id'] },
      { cursor: values.cursor, limit: number(values.limit, 50) },
    ),
  'audit show': ({ trail, foundation }, values) =>
    trail.get(values.chain ?? foundation.config.name, number(need(values, 'sequence'), 0)),
  'audit trail': ({ trail, tenant }, values) =>
    trail.trail(
      { tenant, objectType: need(values, 'object-type'), objectId: need(values, 'object-id') },
      { cursor: values.cursor, limit: number(values.limit, 200) },
    ),
  'audit verify': verifyAudit,
  health: async ({ foundation }) => ({
    chain: foundation.sequencer.state(),
    keys: foundation.keys.kind,
    keyStore: await foundation.keys.check(),
  }),
}
export const COMMAND_NAMES = Object.keys(COMMANDS)

/** Runs one command on the opened installation. Throws REQUEST_INVALID (`command`) for one that is not there. */
export const runCommand = async (
  config: ServerConfig,
  words: readonly string[],
  values: CommandValues,
  log: Log,
): Promise<unknown> => {
  const name = words.join(' ')
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) throw new AppError('REQUEST_INVALID', { reason: 'command' })
  const foundation = await openFoundation(config, log)
  try {
    const tenant = await findTenant(foundation)
    const { db } = foundation.databases.operational
    const directory = new Directory(db, tenant)
    await directory.load()
    const changes = new Changes(db, foundation.sequencer)
    const names = (ids: readonly string[]) => Promise.resolve(directory.operatorNames(ids))
    const trail = new AuditTrail(foundation.databases.audit, names)
    return await command({ foundation, tenant, directory, changes, trail }, values)
  } finally {
    await foundation.close()
  }
}
