import { AppError } from '../../shared/contract/index.ts'
import { keyIdOf } from '../../shared/audit/crypto.ts'
import { CheckpointKeys } from '../audit/checkpoint-key.ts'
import { Checkpoints } from '../audit/checkpoints.ts'
import { Cleaner } from '../audit/cleaning.ts'
import { planCleaning } from '../audit/cleaning-plan.ts'
import { drainLeft } from '../audit/left-intents.ts'
import { readRetention } from '../audit/retention-settings.ts'
import { AUDIT_KEY } from '../compose.ts'
import { listAuditKeys } from '../db/repositories/audit-chain.ts'
import { readCheckpoint } from '../db/repositories/audit-checkpoints.ts'
import { OwnChanges } from '../jobs/own-changes.ts'
import { openMaintenance } from '../operations.ts'
import type { Command } from './command.ts'
import type { Ground, WritingGround } from './ground.ts'
import { facts, table, timeText } from './print.ts'

const checkpointsOf = ({ config, foundation, log }: WritingGround): Checkpoints => {
  const { databases, sequencer, signer, keys } = foundation
  const { audit, operational } = databases
  const noteKeys = new CheckpointKeys({ audit, operational, sequencer, chain: config.name, signer, keys })
  return new Checkpoints({ audit, sequencer, chain: config.name, openKey: () => noteKeys.open(), log })
}

const checkpoint: Command = {
  access: 'write',
  summary: 'sign a checkpoint of everything that is in the chain now',
  run: async (ground) => {
    // What this shell did so far is to be under it.
    await drainLeft(ground.databases.operational.db, ground.foundation.sequencer)
    const made = await checkpointsOf(ground).make()
    const value = { chain: made.chain, size: made.size, time: made.at, note: made.note }
    return { value, text: made.note.trimEnd() }
  },
}

const planOf = async ({ config, databases, tenant }: Ground) => {
  const { audit, operational } = databases
  const { settings } = await readRetention(operational.db, tenant)
  return planCleaning({ audit, operational: operational.db, chain: config.name, settings, now: Date.now() })
}
type Plan = Awaited<ReturnType<typeof planOf>>

const planText = (plan: Plan): string =>
  facts([
    ['chain', plan.chain],
    ['verdict', plan.verdict],
    ['first entry that stays', plan.cut],
    ['entries to delete', plan.entries],
    ['bytes', plan.bytes],
    ['window from', timeText(plan.windowFrom)],
    ['held by', plan.heldBy === null ? null : `${plan.heldBy.class}, entry ${plan.heldBy.sequence}`],
  ])

const planCommand: Command = {
  access: 'read',
  summary: 'what cleaning would delete now; nothing is changed',
  run: async (ground) => {
    const plan = await planOf(ground)
    return { value: plan, text: planText(plan) }
  },
}

const clean: Command = {
  access: 'write',
  summary:
    'delete what is older than the window and held by nothing, behind a signed cut; first: audit clean --dry-run',
  run: async (ground) => {
    const { config, foundation, log, tenant } = ground
    const { databases, sequencer } = foundation
    const plan = await planOf(ground)
    if (plan.verdict !== 'ready') return { value: { plan, done: false }, text: planText(plan) }
    const own = new OwnChanges({ db: databases.operational.db, sequencer, tenant, log })
    // A checkpoint of the cut lets what stays be proved by notes signed before.
    await checkpointsOf(ground).make()
    const maintenance = await openMaintenance(config)
    try {
      const cleaner = new Cleaner({
        audit: databases.audit,
        maintenance: databases.audit.dialect === 'sqlite' ? databases.audit : maintenance,
        chain: config.name,
        signer: () => foundation.signer,
        trustedKeyIds: () => foundation.trustedKeyIds,
        own,
        noteOf: async (size) => (await readCheckpoint(databases.audit.db, config.name, size))?.note ?? null,
      })
      await cleaner.run({ cut: plan.cut, by: null, rule: 'window' })
    } finally {
      await maintenance?.close()
    }
    return { value: { plan, done: true }, text: `${planText(plan)}\ndone` }
  },
}

const rollover: Command = {
  access: 'write',
  summary: 'hand the chain to a new key of the key store; the old one still verifies what it signed',
  run: async ({ config, foundation }) => {
    const { keys, sequencer, databases, signer } = foundation
    const known = (await listAuditKeys(databases.audit.db, config.name)).filter((key) => key.kind === 'hsm')
    const label = `${AUDIT_KEY}.${known.length + 1}`
    // One made by a roll-over that died before the chain knew of it is used.
    const next = (await keys.has(label)) ? await keys.signer(label) : await keys.generate(label, 'ecdsa-p256')
    const [from, to] = [keyIdOf(signer.publicKeySpki()), keyIdOf(next.publicKeySpki())]
    if (known.some((key) => key.keyId === to)) throw new AppError('REQUEST_CONFLICT', { reason: 'key-known', label })
    await sequencer.rollTo(next)
    const value = { chain: config.name, from, to, label }
    return {
      value,
      text: facts([
        ['chain', config.name],
        ['from', from],
        ['to', to],
        ['label', label],
      ]),
    }
  },
}

const keysCommand: Command = {
  access: 'read',
  summary: 'keys the chain was ever signed with by the key store, oldest first',
  run: async ({ config, databases, trustedKeyIds }) => {
    const trusted = await trustedKeyIds()
    const known = (await listAuditKeys(databases.audit.db, config.name)).filter((key) => key.kind === 'hsm')
    const items = known.map(({ keyId, label, algorithm, createdAt }) => ({
      keyId,
      label,
      algorithm,
      createdAt,
      isTrusted: trusted.includes(keyId),
    }))
    const lines = items.map((one) => [
      timeText(one.createdAt),
      one.label,
      one.algorithm,
      one.isTrusted ? 'in the key store' : 'not in the key store',
      one.keyId,
    ])
    return { value: { items }, text: table(['since', 'label', 'algorithm', 'where', 'id'], lines) }
  },
}

export const AUDIT_WRITE_COMMANDS: Readonly<Record<string, Command>> = {
  'audit checkpoint': checkpoint,
  'audit clean': clean,
  'audit key rollover': rollover,
}
/** In place of a command of the same name, with `--dry-run`. */
export const AUDIT_DRY_RUNS: Readonly<Record<string, Command>> = { 'audit clean': planCommand }
export const AUDIT_KEY_COMMANDS: Readonly<Record<string, Command>> = { 'audit key list': keysCommand }
