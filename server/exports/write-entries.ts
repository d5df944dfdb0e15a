import { join } from 'node:path'
import { KEY_OBJECT } from '../../shared/audit/marks.ts'
import { AppError } from '../../shared/contract/errors.ts'
import { dataName, evidenceName } from '../../shared/exports/members.ts'
import { lookupIn, recordNames } from '../../shared/exports/name-lookup.ts'
import { openRenderer } from '../../shared/exports/renderer.ts'
import type { Renderer } from '../../shared/exports/rendering.ts'
import { rowWith, scanRow, type ExportRow } from '../../shared/exports/row.ts'
import type { EntryFilter } from '../db/repositories/audit-filter.ts'
import type { AuditPaths } from './audit-paths.ts'
import type { Written } from './file-sink.ts'
import { Keeper } from './keeper.ts'
import type { ExportPhase, PackageMember } from './ports.ts'
import type { LineKind } from './row-piece.ts'
import type { RowReader, StoredRow } from './stored-row.ts'
import type { PlannedChain, WriteResult, WriteTask, WrittenChain } from './write-task.ts'

/** Data that a PDF is made of and carries; no member of the package by itself. */
export const REPORT_DATA = 'report.jsonl'

export type OpenPaths = (chain: string, size: number) => Promise<Pick<AuditPaths, 'of'>>

export interface WriteGround {
  readonly rows: RowReader
  /** Asked where entries are proved by a path each. */
  readonly openPaths: OpenPaths
  readonly signal: AbortSignal
  readonly onProgress: (phase: ExportPhase, written: number, total: number | null) => void
}

const PROGRESS_ROWS = 2048
const broken = (chain: string, sequence: number, reason: string): AppError =>
  new AppError('EXPORT_CHAIN_BROKEN', { chain, sequence, reason })

type Visible = (row: ExportRow) => boolean

/** May the header of this entry be shown: as the filter of reach says, on what was signed. */
const visibility = (reach: EntryFilter | null): Visible => {
  if (reach === null) return () => true
  const { tenant, tenants, offices } = reach
  const ofTenants = new Set(tenants ?? (tenant === undefined ? [] : [tenant]))
  const ofOffices = offices && new Set(offices)
  return ({ entry }) =>
    ofTenants.has(entry.tenant) && (!ofOffices || (entry.office !== null && ofOffices.has(entry.office)))
}

/** An entry the quick way does not know: the schema of entries is loaded when there is one. */
const parseRow = async (stored: StoredRow): Promise<ExportRow> => {
  const { parseEntryText } = await import('../../shared/audit/entry-read.ts')
  return rowWith(stored, parseEntryText(stored.bytes))
}

/** The row with what was signed. Throws EXPORT_CHAIN_BROKEN (`form`). */
const readRow = (chain: string, stored: StoredRow): ExportRow | Promise<ExportRow> =>
  scanRow(stored) ??
  parseRow(stored).catch((cause: unknown) => {
    throw new AppError('EXPORT_CHAIN_BROKEN', { chain, sequence: stored.sequence, reason: 'form' }, { cause })
  })

/** What the row says must be what was signed: its place at least, by which everything else is found. */
const assertPlace = (chain: string, { sequence }: StoredRow, { entry, payload, erased }: ExportRow): void => {
  if (entry.sequence !== sequence || entry.chain !== chain) throw broken(chain, sequence, 'place')
  if (payload === null && erased === null) throw broken(chain, sequence, 'payload')
}

/** What is counted of a chain, and the keys that sign its entries or are announced by them. */
class Account {
  readonly keys = new Set<string>()
  readonly #counts = { disclosed: 0, header: 0, hidden: 0 } satisfies Record<LineKind, number>
  #first = -1
  #last = -1

  note(kind: LineKind, { entry }: ExportRow): void {
    if (this.#first < 0) this.#first = entry.sequence
    this.#last = entry.sequence
    this.#counts[kind] += 1
    if (kind === 'hidden') return
    if (!this.keys.has(entry.key)) this.keys.add(entry.key)
    if (entry.object.type === KEY_OBJECT) this.keys.add(entry.object.id)
  }

  of({ chain, size, root, range, edges }: PlannedChain): WrittenChain {
    const { disclosed, header: headers, hidden } = this.#counts
    const lines = this.#first < 0 ? null : { from: this.#first, to: this.#last }
    const stretch = range && edges && { ...range, ...edges }
    return { chain, size, root, range: stretch, lines, disclosed, headers, hidden, keys: [...this.keys] }
  }
}

class Writer {
  readonly #task: WriteTask
  readonly #ground: WriteGround
  readonly #keeper: Keeper
  readonly #renderer: Renderer
  readonly #visible: Visible
  readonly #total: number | null
  #written = 0

  constructor(parts: {
    readonly task: WriteTask
    readonly ground: WriteGround
    readonly keeper: Keeper
    readonly renderer: Renderer
    readonly total: number | null
  }) {
    this.#task = parts.task
    this.#ground = parts.ground
    this.#keeper = parts.keeper
    this.#renderer = parts.renderer
    this.#visible = visibility(parts.task.filter.visible)
    this.#total = parts.total
  }

  get written(): number {
    return this.#written
  }

  /** Evidence and data of one chain; its file is durable when it returns. */
  async chain(
    planned: PlannedChain,
    number: number,
  ): Promise<{ readonly chain: WrittenChain; readonly file: Written }> {
    const { chain, size, root, range, edges } = planned
    const isInclusion = this.#task.head.completeness === 'inclusion'
    const account = new Account()
    const paths = isInclusion ? await this.#ground.openPaths(chain, size) : null
    const stretch = range && edges && { from: range.from, ...edges }
    this.#keeper.begin(join(this.#task.folder, evidenceName(number)), { chain, size, root, stretch })
    if (range === null) await this.#picked(planned, { account, paths })
    else await this.#stretch(planned, range, { account, paths })
    return { file: await this.#keeper.end(), chain: account.of(planned) }
  }

  async #stretch({ chain, ids }: PlannedChain, range: { from: number; to: number }, into: Into): Promise<void> {
    const { rows, signal } = this.#ground
    let expected = range.from
    let next = 0
    for await (const batch of rows.range(chain, range.from, range.to + 1)) {
      signal.throwIfAborted()
      for (const stored of batch) {
        if (stored.sequence !== expected) throw broken(chain, expected, 'missing')
        expected += 1
        const read = readRow(chain, stored)
        // Waited for only where there is something to wait for: most rows are read at once, and proved by the whole stretch.
        const row = read instanceof Promise ? await read : read
        const isSelected = ids === null || ids[next] === stored.id
        if (isSelected && ids !== null) next += 1
        if (isSelected) this.#disclose(chain, stored, row, into, into.paths && (await into.paths.of(stored.sequence)))
        else this.#cover(chain, stored, row, into)
      }
    }
    if (expected !== range.to + 1) throw broken(chain, expected, 'missing')
  }

  async #picked({ chain, ids, size }: PlannedChain, into: Into): Promise<void> {
    const { rows, signal } = this.#ground
    let last = -1
    for await (const batch of rows.byIds(ids ?? new Float64Array(0))) {
      signal.throwIfAborted()
      for (const stored of batch) {
        // Younger than the checkpoint: nobody could prove it.
        if (stored.sequence >= size) continue
        if (stored.sequence <= last) throw broken(chain, stored.sequence, 'order')
        last = stored.sequence
        const row = await readRow(chain, stored)
        this.#disclose(chain, stored, row, into, into.paths && (await into.paths.of(stored.sequence)))
      }
    }
  }

  #disclose(chain: string, stored: StoredRow, row: ExportRow, { account }: Into, path: Path): void {
    assertPlace(chain, stored, row)
    account.note('disclosed', row)
    this.#keep('disclosed', stored, row, path)
    this.#keeper.text(this.#renderer.row(row))
    this.#written += 1
    if (this.#written > this.#task.maxEntries) throw new AppError('EXPORT_TOO_LARGE', { most: this.#task.maxEntries })
    if (this.#written % PROGRESS_ROWS === 0) this.#ground.onProgress('writing', this.#written, this.#total)
  }

  #cover(chain: string, stored: StoredRow, row: ExportRow, { account }: Into): void {
    assertPlace(chain, stored, row)
    const kind = this.#visible(row) ? 'header' : 'hidden'
    account.note(kind, row)
    this.#keep(kind, stored, row, null)
  }

  #keep(kind: LineKind, { sequence }: StoredRow, row: ExportRow, path: Path): void {
    const { body, payload, salt, signature, erased, entry } = row
    const digest = Buffer.from(entry.payload, 'base64url')
    this.#keeper.row({ kind, sequence, digest, body, payload, salt, signature, erased, path })
  }
}
type Path = readonly Uint8Array[] | null

interface Into {
  readonly account: Account
  readonly paths: Pick<AuditPaths, 'of'> | null
}

const memberOf = (name: string, { bytes, sha256, crc32 }: Written): PackageMember => ({ name, bytes, sha256, crc32 })

const totalOf = (plan: readonly PlannedChain[]): number =>
  plan.reduce((sum, { ids, range }) => sum + (ids?.length ?? (range ? range.to - range.from + 1 : 0)), 0)

/**
 * Writes data and evidence of an export in one pass over its rows, in constant memory (8 bytes for an entry where a filter
 * chooses). Every file is durable when it returns. Throws EXPORT_CHAIN_BROKEN, EXPORT_DISK_FULL, EXPORT_TOO_LARGE,
 * AUDIT_PROOF_UNAVAILABLE, and what the signal was aborted with.
 */
export const writeEntries = async (task: WriteTask, ground: WriteGround): Promise<WriteResult> => {
  const { head, folder, plan, hashes, maxBytes, maxEntries } = task
  const total = totalOf(plan)
  if (total > maxEntries) throw new AppError('EXPORT_TOO_LARGE', { most: maxEntries })
  ground.onProgress('writing', 0, total)
  const { format } = head.order
  const isReport = format === 'pdf'
  const recorded = recordNames(lookupIn(task.names))
  const renderer = openRenderer(isReport ? 'jsonl' : format, { names: recorded.lookup, manifestHead: head })
  const name = isReport ? REPORT_DATA : dataName(format)
  const keeper = new Keeper({ path: join(folder, name), hashes, maxBytes })
  const members: PackageMember[] = []
  const chains: WrittenChain[] = []
  try {
    const writer = new Writer({ task, ground, keeper, renderer, total })
    keeper.text(renderer.head())
    for (const [number, one] of plan.entries()) {
      const { chain, file } = await writer.chain(one, number)
      chains.push(chain)
      members.push(memberOf(evidenceName(number), file))
    }
    keeper.text(renderer.tail())
    const { written, bytesLeft } = await keeper.close()
    if (!isReport) members.push(memberOf(name, written))
    const entries = writer.written
    ground.onProgress('proving', entries, entries)
    const digests = Object.fromEntries(written.digests)
    return { entries, chains, members, names: recorded.names(), digests, bytesLeft }
  } catch (error) {
    throw await keeper.reasonOf(error)
  } finally {
    await keeper.abandon()
  }
}
