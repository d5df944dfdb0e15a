import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Databases } from '../db/index.ts'
import type { Directory } from '../db/repositories/directory.ts'
import { doubling, type JobHandler } from '../jobs/job.ts'
import type { OwnChanges } from '../jobs/own-changes.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Log } from '../log/log.ts'
import type { AuditScope } from '../services/audit-scope.ts'
import { Exports, type ExportChanges, type ExportWorks } from '../services/exports.ts'
import type { Signatures } from '../signing/signatures.ts'
import type { PackageFiles } from './files.ts'
import type { ExportFaultPort } from './ports.ts'
import type { Works } from './works.ts'

/** What of the configuration this needs; structurally `ServerConfig`. */
export interface ExportsConfig {
  readonly name: string
  readonly publicUrl: string
  readonly consoleFolder: string | null
  readonly exports: { readonly folder: string; readonly keepDays: number; readonly maxBytes: number }
  readonly checkpoints: { readonly witnesses: readonly { readonly vkey: string }[] }
}

export interface ExportsParts {
  readonly config: ExportsConfig
  readonly version: string
  readonly databases: Databases
  readonly directory: Directory
  readonly scope: AuditScope
  readonly changes: ExportChanges
  readonly own: OwnChanges
  readonly queue: JobQueue
  readonly log: Log
  /** A checkpoint of everything that is there now. */
  readonly seal: () => Promise<unknown>
  /** Opened when the first export is asked for. */
  readonly signatures: () => Promise<Signatures>
  readonly faults?: ExportFaultPort
}

type Kind = 'audit-export' | 'export-clearing' | 'signature-renewal'
export interface OpenExports {
  readonly exports: Exports
  /** Files for whoever holds a pass. */
  readonly files: Pick<PackageFiles, 'open'>
  readonly handlers: Readonly<Record<Kind, JobHandler>>
  /** What is past its time or half made is looked for a while after the start, and each hour. Keeps no process alive. */
  start(): void
  /** Looks no more; what is being made is given back by the jobs' own closing. */
  close(): void
}

const DAY_MS = 86_400_000
const FIRST_LOOK_MS = 15_000
const LOOK_MS = 600_000

/**
 * Exports of the audit: what routes call, and what jobs run. Nothing of what makes, signs or gives packages is loaded
 * before the first is asked for, so that a server that exports nothing starts as if there were none.
 */
export const openExports = (parts: ExportsParts): OpenExports => {
  const { config, databases, directory, scope, changes, own, queue, log } = parts
  const { folder, keepDays, maxBytes } = config.exports
  const db = databases.operational.db
  let loaded: Works | null = null
  let loading: Promise<Works> | null = null
  const open = async (): Promise<Works> => {
    const { openWorks } = await import('./open-works.ts')
    loaded = openWorks({
      audit: databases.audit,
      db,
      directory,
      own,
      log,
      node: config.name,
      product: `Countersign ${parts.version}`,
      folder: resolve(folder),
      seal: parts.seal,
      keepMs: keepDays * DAY_MS,
      maxBytes,
      signatures: await parts.signatures(),
      outside: config.checkpoints.witnesses.map(({ vkey }) => vkey),
      // They lie beside the console (`routes/verify-files.ts`).
      verifiers: config.consoleFolder === null ? null : `${config.publicUrl.replace(/\/+$/, '')}/verify`,
      writeReport: async (report) => (await import('./report/index.ts')).writeReport(report),
      ...(parts.faults === undefined ? {} : { faults: parts.faults }),
    })
    return loaded
  }
  const works = (): Promise<Works> => {
    // What failed (the key store was away) is tried again by whoever comes next.
    loading ??= open().catch((error: unknown) => {
      loading = null
      throw error
    })
    return loading
  }
  const asked: ExportWorks = {
    progress: (id) => loaded?.progress(id) ?? null,
    discard: async (id) => (await works()).discard(id),
    count: async (plan, most) => (await works()).count(plan, most),
    signer: async () => (await works()).signer(),
    levels: async () => (await works()).levels(),
    // Given only for a package that was looked at.
    pass: async (id, session, now) => (await works()).pass(id, session, now),
    prepareSecond: async (...given) => (await works()).prepareSecond(...given),
    addSecond: async (...given) => (await works()).addSecond(...given),
  }
  const lazily = (one: (works: Works) => JobHandler, maxAttempts: number, isExclusive: boolean): JobHandler => ({
    maxAttempts,
    isExclusive,
    backoffMs: doubling(15_000, 30 * 60_000),
    run: async (job) => one(await works()).run(job),
    onDead: async (job, error) => one(await works()).onDead?.(job, error),
  })
  const look = (): void => {
    if (loaded || existsSync(resolve(folder)))
      works()
        .then((ready) => ready.jobs.tick())
        .catch((error: unknown) => log.error({ cause: String(error) }, 'exports not looked at'))
  }
  let first: NodeJS.Timeout | null = null
  let clock: NodeJS.Timeout | null = null
  return {
    exports: new Exports({
      audit: databases.audit.db,
      directory,
      scope,
      db,
      changes,
      queue,
      node: config.name,
      works: asked,
    }),
    files: { open: async (id, pass, now) => (await works()).files.open(id, pass, now) },
    handlers: {
      'audit-export': lazily((ready) => ready.jobs.making(), 4, false),
      'export-clearing': lazily((ready) => ready.jobs.clearing(), 4, true),
      'signature-renewal': lazily((ready) => ready.jobs.renewing(), 8, true),
    },
    start: () => {
      first = setTimeout(look, FIRST_LOOK_MS).unref()
      clock = setInterval(look, LOOK_MS).unref()
    },
    close: () => {
      if (first) clearTimeout(first)
      if (clock) clearInterval(clock)
    },
  }
}
