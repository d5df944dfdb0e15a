import { encodeNoteKey } from '../../shared/audit/checkpoint.ts'
import { CheckpointKeys } from '../audit/checkpoint-key.ts'
import { Checkpoints } from '../audit/checkpoints.ts'
import { Cleaner } from '../audit/cleaning.ts'
import { planCleaning } from '../audit/cleaning-plan.ts'
import { drainLeft } from '../audit/left-intents.ts'
import { readRetention } from '../audit/retention-settings.ts'
import { readCheckpoint, readLatestCheckpoint, type CheckpointRecord } from '../db/repositories/audit-checkpoints.ts'
import { systemAccount } from '../identity/database-access.ts'
import { OwnChanges } from '../jobs/own-changes.ts'
import { openMaintenance } from '../operations.ts'
import type { Command } from './command.ts'
import { awaitCheckpoint, awaitCleaning, orderCleaning } from './audit-orders.ts'
import { EXIT } from './command.ts'
import type { Ground, WritingGround } from './ground.ts'
import { facts, timeText } from './print.ts'

const noteKeysOf = ({ config, foundation }: WritingGround): CheckpointKeys => {
  const { databases, sequencer, signer, keys } = foundation
  const { audit, operational } = databases
  return new CheckpointKeys({ audit, operational, sequencer, chain: config.name, signer, keys })
}

const checkpointsOf = (ground: WritingGround): Checkpoints => {
  const { config, foundation, log } = ground
  const { databases, sequencer } = foundation
  const noteKeys = noteKeysOf(ground)
  return new Checkpoints({
    audit: databases.audit,
    sequencer,
    chain: config.name,
    openKey: () => noteKeys.open(),
    log,
  })
}

/** Of everything that is in the chain now; what this shell did so far is under it. */
export const shellCheckpoint = async (ground: WritingGround): Promise<CheckpointRecord> => {
  await drainLeft(ground.databases.operational.db, ground.foundation.sequencer)
  return checkpointsOf(ground).make()
}

const checkpointAnswer = (made: CheckpointRecord) => ({
  value: { chain: made.chain, size: made.size, time: made.at, note: made.note },
  text: made.note.trimEnd(),
})

const checkpoint: Command = {
  access: 'write',
  summary: 'sign a checkpoint of everything that is in the chain now; a running server makes it when it is due',
  run: async (ground) => checkpointAnswer(await shellCheckpoint(ground)),
  beside: async (ground) => checkpointAnswer(await awaitCheckpoint(ground)),
}

const rotate: Command = {
  access: 'write',
  summary: 'bring in a new key for checkpoints, bound by the key in force; outside witnesses need its vkey',
  run: async (ground) => {
    const { key } = await noteKeysOf(ground).rotate()
    const value = { chain: ground.config.name, vkey: encodeNoteKey(key) }
    return { value, text: facts(Object.entries(value)) }
  },
}

/** `sealed`: entries that checkpoints cover, where none is made for the cut. */
const planOf = async ({ config, databases, tenant }: Ground, bound: { readonly sealed?: number } = {}) => {
  const { audit, operational } = databases
  const { settings } = await readRetention(operational.db, tenant)
  return planCleaning({ audit, operational: operational.db, chain: config.name, settings, now: Date.now(), ...bound })
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
      await cleaner.run({ cut: plan.cut, by: `shell/${systemAccount()}`, rule: 'window' })
    } finally {
      await maintenance?.close()
    }
    return { value: { plan, done: true }, text: `${planText(plan)}\ndone` }
  },
  // The running server has the chain: it is ordered what the console would order, and does it as its own job.
  beside: async (ground) => {
    const { config, databases } = ground
    const sealed = (await readLatestCheckpoint(databases.audit.db, config.name))?.size ?? 0
    const plan = await planOf(ground, { sealed })
    if (plan.verdict !== 'ready') return { value: { plan, done: false }, text: planText(plan) }
    const order = await orderCleaning(ground, plan)
    const { state, error, isCancelled } = await awaitCleaning(ground, order)
    const value = { plan, done: state === 'done', order, state, error }
    if (state === 'done') return { value, text: `${planText(plan)}\ndone` }
    const left = 'ordered; the server does it, or will when it runs again'
    const text = `${planText(plan)}\n${state === 'failed' ? `failed: ${error}` : left}`
    return { value, text, exit: isCancelled ? EXIT.cancelled : EXIT.refused }
  },
}

export const AUDIT_WRITE_COMMANDS: Readonly<Record<string, Command>> = {
  'audit checkpoint': checkpoint,
  'audit checkpoint rotate': rotate,
  'audit clean': clean,
}
/** In place of a command of the same name, with `--dry-run`. */
export const AUDIT_DRY_RUNS: Readonly<Record<string, Command>> = { 'audit clean': planCommand }
