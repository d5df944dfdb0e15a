import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../shared/contract/index.ts'
import { recordIntent } from '../audit/index.ts'
import { inTransaction, newId } from '../db/index.ts'
import { readExport, type ExportRow } from '../db/repositories/exports.ts'
import type { OperationalTransaction } from '../db/schema.ts'
import { JobQueue } from '../jobs/queue.ts'
import type { Call } from '../services/call.ts'
import type { Tell } from '../services/change.ts'
import { Exports, type ExportChanges, type ExportWorks } from '../services/exports.ts'
import type { Signatures } from '../signing/signatures.ts'
import type { Ground, WritingGround } from './ground.ts'
import { isHeldByAnother } from './lease.ts'
import { openCa, shellAuthor } from './setup.ts'

const LOOK_MS = 500
/** As the handler of the kind has it. */
const ATTEMPTS = 4

export const exportCall = (call: Call): Call => ({ ...call, right: 'audit.export', at: Date.now() })

/** Tells as the shell, for the running server to put into its chain. */
const tellingBeside =
  ({ config, tenant, entered }: Ground, trx: OperationalTransaction): Tell =>
  async ({ action, object, before = null, after = null, reason = null }) => {
    const at = Date.now()
    const of = { tenant, operator: null, station: null, correlationId: entered.correlationId }
    const intent = { id: newId('intent', at), at, ...of, action, object, before, after, reason: reason ?? 'shell' }
    await recordIntent(trx, intent, config.name)
  }

/** Changes with their intents, durable together; the running server makes them entries. */
export const changesBeside = (ground: Ground): ExportChanges => {
  const run: ExportChanges['run'] = (_call, body) =>
    inTransaction(ground.databases.operational.db, (trx) => body(trx, tellingBeside(ground, trx)))
  return { run, create: run }
}

const changesOf = ({ changes, entered, tenant }: WritingGround): ExportChanges => {
  const run: ExportChanges['run'] = (_call, body) => changes.as(shellAuthor(entered.correlationId)(tenant), body)
  return { run, create: run }
}

const notHere = () => Promise.reject(new AppError('REQUEST_NOT_ALLOWED', { reason: 'shell' }))

/** What can be done with exports beside a server, which makes them: all but making and signing. */
const worksBeside = ({ config, databases }: Ground): ExportWorks => ({
  progress: () => null,
  discard: async (id) => {
    const { ExportFolders } = await import('../exports/folders.ts')
    await new ExportFolders(config.exports.folder).remove(id)
  },
  count: async ({ filter }, most) => {
    const { countInThread } = await import('../exports/writer-thread.ts')
    const task = { kind: 'count', location: databases.audit.location, filter, most } as const
    return countInThread(task, new AbortController().signal)
  },
  signer: notHere,
  // Whether an authority answers, the job finds out.
  levels: () =>
    Promise.resolve(config.timestamping.authorities.length === 0 ? ['B-B'] : ['B-B', 'B-T', 'B-LT', 'B-LTA']),
  pass: notHere,
  prepareSecond: notHere,
  addSecond: notHere,
})

/** Orders as the shell, for the running server's own job. */
export const exportsBeside = (ground: Ground): Exports => {
  const { config, databases, directory, scope, tenant } = ground
  return new Exports({
    audit: databases.audit.db,
    db: databases.operational.db,
    directory,
    scope,
    changes: changesBeside(ground),
    queue: new JobQueue(tenant, () => ATTEMPTS),
    node: config.name,
    works: worksBeside(ground),
  })
}

/** The signatures of this server, by the shell. */
export const openSignaturesHere = async ({ config, foundation, tenant, log }: WritingGround): Promise<Signatures> => {
  const { databases, sequencer, keys, caStore } = foundation
  const { db } = databases.operational
  const [{ openExportSigning }, { OwnChanges }] = await Promise.all([
    import('../export-signing.ts'),
    import('../jobs/own-changes.ts'),
  ])
  const own = new OwnChanges({ db, sequencer, tenant, log })
  const { ca } = await openCa(foundation)
  const findIssued = async (requestKey: string) => {
    const row = await caStore.findByRequest(requestKey)
    return row?.der ? { serial: row.serial, der: row.der } : null
  }
  return openExportSigning({ config, keys, ca, findIssued, db, tenant, own })
}

/** Orders and makes: with the chain and the keys in hand. */
export const openExportsHere = async (ground: WritingGround) => {
  const { config, foundation, directory, scope, tenant, log } = ground
  const { databases, sequencer } = foundation
  const { db } = databases.operational
  const [{ openExports }, { OwnChanges }, { shellCheckpoint }, { VERSION }] = await Promise.all([
    import('../exports/open.ts'),
    import('../jobs/own-changes.ts'),
    import('./audit-write-commands.ts'),
    import('../version.ts'),
  ])
  const own = new OwnChanges({ db, sequencer, tenant, log })
  return openExports({
    config,
    version: VERSION,
    databases,
    directory,
    scope,
    changes: changesOf(ground),
    own,
    queue: new JobQueue(tenant, () => ATTEMPTS),
    log,
    seal: () => shellCheckpoint(ground),
    signatures: () => openSignaturesHere(ground),
  })
}

const bytesSoFar = (folder: string, id: string, format: string): number => {
  const name = format === 'pdf' ? 'report.jsonl' : `data/audit.${format}`
  return statSync(join(folder, `${id}.part`, name), { throwIfNoEntry: false })?.size ?? 0
}

export interface Awaited {
  readonly row: ExportRow
  /** The server ended before it was made. */
  readonly isLeft: boolean
}

/** Until the server made it or gave it up, or has ended; Ctrl-C cancels the export. */
export const awaitExport = async (ground: Ground, id: string, format: string): Promise<Awaited> => {
  const { config, databases, tenant, terminal, call } = ground
  const stop = new AbortController()
  return terminal.cancellable(
    () => stop.abort(),
    async () => {
      for (;;) {
        const row = await readExport(databases.operational.db, tenant, id)
        if (!row) throw new AppError('EXPORT_NOT_FOUND', { id })
        const megabytes = Math.round(bytesSoFar(config.exports.folder, id, format) / 1e6)
        terminal.show(row.state === 'waiting' ? `export ${id}: ${megabytes} MB written; Ctrl-C cancels it` : '')
        if (row.state !== 'waiting') return { row, isLeft: false }
        if (stop.signal.aborted) await exportsBeside(ground).cancel(exportCall(call), id)
        else if (!(await isHeldByAnother(config))) return { row, isLeft: true }
        else await sleep(LOOK_MS)
      }
    },
  )
}
