import { AppError, RevocationReason } from '../../shared/contract/index.ts'
import type { ServerConfig } from '../config.ts'
import { findCertificate } from '../db/repositories/cards.ts'
import { endSession, listOpenSessions } from '../db/repositories/sessions.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import type { Log } from '../log/log.ts'
import { changeCertificate } from '../services/certificates.ts'
import type { Tell } from '../services/change.ts'
import { revokeOperatorCertificate } from '../services/operator-certificate.ts'
import { AUDIT_READ_COMMANDS } from './audit-commands.ts'
import { AUDIT_KEY_COMMANDS } from './audit-key-commands.ts'
import { AUDIT_PROOF_COMMANDS } from './audit-proof-commands.ts'
import { AUDIT_DRY_RUNS, AUDIT_WRITE_COMMANDS } from './audit-write-commands.ts'
import { EXPORTS_COMMANDS } from './exports-commands.ts'
import { KEYS_COMMANDS } from './keys-commands.ts'
import { need, type Answer, type Command, type CommandValues } from './command.ts'
import { reading, writing, type WritingGround } from './ground.ts'
import { isHeldByAnother, takeLease } from './lease.ts'
import { facts } from './print.ts'
import { openCa, shellAuthor } from './setup.ts'
import { NO_TERMINAL, type Terminal } from './terminal.ts'

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

const revokeCertificate = async ({ foundation, tenant, changes, entered }: WritingGround, values: CommandValues) => {
  const serial = need(values, 'serial').toLowerCase()
  const reason = RevocationReason.exclude(['certificateHold']).safeParse(values.reason ?? 'unspecified')
  if (!reason.success) throw new AppError('REQUEST_INVALID', { path: '--reason' })
  const { ca } = await openCa(foundation)
  const author = shellAuthor(entered.correlationId)(tenant)
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
  return { value: { revoked: serial }, text: `revoked ${serial}` }
}

const setOperatorStatus =
  (status: 'active' | 'suspended') =>
  async ({ tenant, changes, entered }: WritingGround, values: CommandValues) => {
    const id = need(values, 'id')
    const author = shellAuthor(entered.correlationId)(tenant)
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
    return { value: { operator: id, status }, text: `${status} ${id}` }
  }

export const COMMANDS: Readonly<Record<string, Command>> = {
  ...AUDIT_READ_COMMANDS,
  ...AUDIT_PROOF_COMMANDS,
  ...AUDIT_KEY_COMMANDS,
  ...AUDIT_WRITE_COMMANDS,
  ...KEYS_COMMANDS,
  ...EXPORTS_COMMANDS,
  'certificate revoke': {
    access: 'write',
    summary: 'revoke a certificate by --serial, for --reason; sessions of an operator end',
    run: revokeCertificate,
  },
  'operator suspend': {
    access: 'write',
    summary: 'suspend an operator by --id; their sessions end',
    run: setOperatorStatus('suspended'),
  },
  'operator resume': {
    access: 'write',
    summary: 'let an operator work again, by --id',
    run: setOperatorStatus('active'),
  },
  health: {
    access: 'write',
    summary: 'can the chain be written, and the key store be reached',
    run: async ({ foundation }) => {
      const [chain, keyStore] = [foundation.sequencer.state(), await foundation.keys.check()]
      return {
        value: { chain, keys: foundation.keys.kind, keyStore },
        text: facts([
          ['chain', chain.chain],
          ['state', chain.state],
          ['head', chain.head],
          ['keys', foundation.keys.kind],
          ['key store', keyStore.ok ? 'ok' : keyStore.code],
        ]),
      }
    },
  },
}

/** The longest name that begins the words, and the words after it. Throws REQUEST_INVALID (`command`). */
const findCommand = (
  words: readonly string[],
  values: CommandValues,
): { name: string; command: Command; rest: string[] } => {
  for (let count = words.length; count > 0; count -= 1) {
    const name = words.slice(0, count).join(' ')
    const table = values['dry-run'] === true && Object.hasOwn(AUDIT_DRY_RUNS, name) ? AUDIT_DRY_RUNS : COMMANDS
    const command = Object.hasOwn(table, name) ? table[name] : undefined
    const rest = words.slice(count)
    if (command && (rest.length === 0 || command.words !== undefined)) return { name, command, rest }
  }
  throw new AppError('REQUEST_INVALID', { reason: 'command' })
}

/**
 * Runs one command. Who writes takes the lease of the chain; while the server runs, that one is asked to do it, or the
 * command is refused (CONFIG_INVALID, `in-use`). Who reads works beside it. Throws REQUEST_INVALID (`command`) for one
 * that is not there.
 */
export const runCommand = async (
  config: ServerConfig,
  words: readonly string[],
  values: CommandValues,
  log: Log,
  terminal: Terminal = NO_TERMINAL,
): Promise<Answer> => {
  const { name, command, rest } = findCommand(words, values)
  const given = { ...values, words: rest }
  if (command.access === 'read') return reading(config, name, log, (ground) => command.run(ground, given), terminal)
  if (command.beside && (await isHeldByAnother(config))) {
    const { beside } = command
    return reading(config, name, log, (ground) => beside(ground, given), terminal)
  }
  const lease = await takeLease(config)
  try {
    return await writing(config, name, log, (ground) => command.run(ground, given), terminal)
  } finally {
    lease.release()
  }
}
