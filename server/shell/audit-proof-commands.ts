import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../shared/contract/index.ts'
import { recordIntent, VerificationJobs, type VerificationRun } from '../audit/index.ts'
import { Proofs } from '../audit/proofs.ts'
import { databaseLocation } from '../config.ts'
import { inTransaction, newId, openAuditBeside } from '../db/index.ts'
import { readHeads } from '../db/repositories/audit-heads.ts'
import { entryRef } from './audit-commands.ts'
import { EXIT, need, type Command, type CommandValues } from './command.ts'
import type { Ground } from './ground.ts'
import { facts, table } from './print.ts'
import { endLeftRuns, shellNode } from './shell-runs.ts'
import type { Terminal } from './terminal.ts'

const depthOf = (values: CommandValues): 'quick' | 'full' => {
  if (values.depth !== undefined && values.depth !== 'quick' && values.depth !== 'full')
    throw new AppError('REQUEST_INVALID', { path: '--depth', reason: 'invalid' })
  if (values.quick === true || values.depth === 'quick') return 'quick'
  return 'full'
}

const chainsOf = async ({ config, databases }: Ground, values: CommandValues): Promise<readonly string[]> => {
  const known = [...(await readHeads(databases.audit.db)).keys()]
  if (values.all === true || values.chain === '*') return known
  const chain = values.chain ?? config.name
  if (!known.includes(chain)) throw new AppError('AUDIT_NOT_FOUND', { chain })
  return [chain]
}

/** The run and what it found, for who reads the audit later. */
const keep = async ({ databases, tenant, entered }: Ground, run: VerificationRun): Promise<void> => {
  const { verdict } = run
  const fault = verdict && !verdict.ok ? { kind: verdict.kind, sequence: verdict.sequence, what: verdict.what } : null
  await inTransaction(databases.operational.db, async (trx) => {
    await recordIntent(trx, {
      id: newId('intent'),
      at: Date.now(),
      tenant,
      operator: null,
      station: null,
      action: 'Verification',
      object: { type: 'audit-verification', id: run.id },
      correlationId: entered.correlationId,
      before: null,
      after: {
        id: run.id,
        name: `${run.chain} ${run.mode}`,
        chain: run.chain,
        depth: run.mode,
        state: run.state,
        checked: run.checked,
        fault,
      },
      reason: 'shell',
    })
  })
}

const resultOf = (run: VerificationRun) => ({
  chain: run.chain,
  depth: run.mode,
  state: run.state,
  checked: run.checked,
  verdict: run.verdict,
})

const LOOK_MS = 250
const progressText = ({ chain, mode, checked, total }: VerificationRun): string => {
  const part = total > 0 ? ` (${Math.floor((100 * checked) / total)} %)` : ''
  return `verifying ${chain}, ${mode}: ${checked} of ${total}${part}; Ctrl-C ends it`
}

/** Shows how far a run is until it has ended. */
const follow = async (jobs: VerificationJobs, id: string, terminal: Terminal): Promise<VerificationRun> => {
  const ended = jobs.wait(id)
  for (;;) {
    terminal.show(progressText(await jobs.get(id)))
    const run = await Promise.race([ended, sleep(LOOK_MS, null, { ref: false })])
    if (run) return run
  }
}

/** One after the other; when somebody ends it, what was begun is kept as cancelled, and the rest not begun. */
const verifyEach = async (
  ground: Ground,
  jobs: VerificationJobs,
  chains: readonly string[],
  mode: 'quick' | 'full',
): Promise<readonly VerificationRun[]> => {
  const { terminal } = ground
  const asked = { isCancelled: false }
  const cancel = (): void => {
    asked.isCancelled = true
    // Ends the run that is going on; the one who waits for it is told.
    void jobs.close()
  }
  return terminal.cancellable(cancel, async () => {
    const runs: VerificationRun[] = []
    for (const chain of chains) {
      if (asked.isCancelled) break
      const { id } = await jobs.start({ mode, requestedBy: null, chain })
      if (asked.isCancelled) await jobs.cancel(id)
      const run = await follow(jobs, id, terminal)
      terminal.show('')
      await keep(ground, run)
      runs.push(run)
    }
    return runs
  })
}

const exitOfRuns = (runs: readonly VerificationRun[], wanted: number): number => {
  if (runs.some(({ state }) => state === 'failed')) return EXIT.fault
  if (runs.length < wanted || runs.some(({ state }) => state === 'cancelled')) return EXIT.cancelled
  return runs.every(({ state }) => state === 'passed') ? EXIT.ok : EXIT.refused
}

const verify: Command = {
  access: 'read',
  summary: 'verify a chain: every signature, or --quick; --chain NAME, or --all of this database',
  run: async (ground, values) => {
    const depth = depthOf(values)
    const chains = await chainsOf(ground, values)
    const trusted = await ground.trustedKeyIds()
    const audit = await openAuditBeside(databaseLocation(ground.config.databases.audit))
    const node = shellNode(ground.config.name)
    const jobs = new VerificationJobs({ audit, chain: node, trustedKeyIds: () => trusted })
    let runs: readonly VerificationRun[] = []
    try {
      await endLeftRuns(audit, ground.config.name)
      runs = await verifyEach(ground, jobs, chains, depth)
    } finally {
      await jobs.close()
      await audit.close()
    }
    const results = runs.map(resultOf)
    const lines = results.map(({ chain, depth: mode, state, checked, verdict }) => [
      chain,
      mode,
      state,
      checked,
      verdict && !verdict.ok ? `${verdict.kind} at ${verdict.sequence}: ${verdict.what}` : null,
    ])
    return {
      value: chains.length === 1 ? (results[0] ?? null) : { items: results },
      text: table(['chain', 'depth', 'state', 'entries', 'fault'], lines),
      exit: exitOfRuns(runs, chains.length),
    }
  },
}

const prove: Command = {
  access: 'read',
  summary: 'a C2SP .tlog-proof that an entry is in the last checkpoint; --out FILE',
  words: '[CHAIN] SEQUENCE',
  run: async ({ config, databases }, values) => {
    const { chain, sequence } = entryRef(values, config.name)
    const out = need(values, 'out')
    const proof = await new Proofs(databases.audit.db).inclusion(chain, sequence)
    writeFileSync(out, proof.file, { mode: 0o600 })
    const { index, size } = proof
    return {
      value: { chain, sequence: index, size, out },
      text: facts([
        ['entry', `${chain} ${index}`],
        ['checkpoint', size],
        ['written to', out],
      ]),
    }
  },
}

export const AUDIT_PROOF_COMMANDS: Readonly<Record<string, Command>> = { 'audit verify': verify, 'audit prove': prove }
