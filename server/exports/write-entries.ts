import { join } from 'node:path'
import { encodeBase64url } from '../../shared/audit/base64url.ts'
import { sameBytes } from '../../shared/audit/bytes.ts'
import { KEY_OBJECT } from '../../shared/audit/marks.ts'
import { leafHash, verifyInclusion, type InclusionClaim } from '../../shared/audit/merkle.ts'
import { SALT_BYTES, payloadDigest } from '../../shared/audit/payload-digest.ts'
import { AppError } from '../../shared/contract/errors.ts'
import {
  CompactRange,
  dataName,
  disclosedLine,
  encodeNames,
  evidenceName,
  headerLine,
  hiddenLine,
  lookupIn,
  NAMES,
  openRenderer,
  recordNames,
  rowOf,
  type ExportRow,
  type Renderer,
} from '../../shared/exports/index.ts'
import type { EntryFilter } from '../db/repositories/audit-filter.ts'
import type { Opened } from '../db/open.ts'
import type { AuditDb } from '../db/schema.ts'
import { AuditPaths } from './audit-paths.ts'
import { Budget, FileSink, type Written } from './file-sink.ts'
import type { ExportPhase, PackageMember } from './ports.ts'
import { extentOf, selectEntries, spanOf, takesAll } from './select-entries.ts'
import type { RowReader, StoredRow } from './stored-row.ts'
import { readStretchEdges } from './stretch-edges.ts'
import { ThreadSink } from './thread-sink.ts'
import type { SealedChain, WriteResult, WriteTask, WrittenChain } from './write-task.ts'

/** Data that a PDF is made of and carries; no member of the package by itself. */
export const REPORT_DATA = 'report.jsonl'

export interface WriteGround {
  readonly reader: Opened<AuditDb>
  readonly rows: RowReader
  readonly signal: AbortSignal
  readonly onProgress: (phase: ExportPhase, written: number, total: number | null) => void
}

interface Chosen extends SealedChain {
  /** Null: every entry of the stretch. */
  readonly ids: Float64Array | null
  readonly range: { readonly from: number; readonly to: number } | null
}

const PROGRESS_ROWS = 2048
const broken = (chain: string, sequence: number, reason: string): AppError =>
  new AppError('EXPORT_CHAIN_BROKEN', { chain, sequence, reason })

/** Which entries of which chain, settled before the first is written. */
const choose = async (task: WriteTask, { reader, signal }: WriteGround): Promise<readonly Chosen[]> => {
  const { filter, head, chains } = task
  const chosen: Chosen[] = []
  for (const sealed of chains) {
    signal.throwIfAborted()
    const { chain, size } = sealed
    const { selected } = filter
    const { completeness } = head
    const extent = await extentOf(reader.db, chain, size)
    if (!extent) {
      // Nothing of it is left: no export may say that all of it is here.
      if (completeness !== 'inclusion') throw new AppError('EXPORT_CHAIN_UNSEALED', { chain, reason: 'empty' })
      continue
    }
    if (completeness === 'whole') {
      chosen.push({ ...sealed, ids: null, range: extent })
      continue
    }
    const ofChain = selected && (selected.chains?.includes(chain) ?? true) ? { ...selected, chains: [chain] } : null
    const isAll = ofChain !== null && takesAll(ofChain)
    const found = ofChain === null ? new Float64Array(0) : null
    const ids = isAll ? null : (found ?? (await selectEntries(reader.db, ofChain ?? {}, reader.dialect, signal)))
    if (completeness === 'inclusion') {
      if (ids === null || ids.length > 0) chosen.push({ ...sealed, ids, range: ids === null ? extent : null })
      continue
    }
    // Whoever asked for other chains was not told of this one.
    if (ofChain === null) continue
    const range = await spanOf(reader, chain, size, selected ?? {}, signal)
    if (range) chosen.push({ ...sealed, ids, range })
  }
  return chosen
}

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

interface Counts {
  first: number
  last: number
  disclosed: number
  headers: number
  hidden: number
}

/** The payload is the one the entry was made for. */
const assertPayload = (chain: string, { entry, payload, salt }: ExportRow): void => {
  if (payload === null) return
  const isSalted = salt.length === SALT_BYTES
  if (!isSalted || encodeBase64url(payloadDigest(salt, payload)) !== entry.payload)
    throw broken(chain, entry.sequence, 'payload')
}

const assertIncluded = (chain: string, claim: InclusionClaim, path: readonly Uint8Array[]): void => {
  try {
    verifyInclusion(claim, path)
  } catch (cause) {
    throw new AppError('EXPORT_CHAIN_BROKEN', { chain, sequence: claim.index, reason: 'inclusion' }, { cause })
  }
}

/** The key that signs an entry, and the one an entry announces. */
const keep = (keys: Set<string>, { entry }: ExportRow): void => {
  if (!keys.has(entry.key)) keys.add(entry.key)
  if (entry.object.type === KEY_OBJECT) keys.add(entry.object.id)
}

const note = (counts: Counts, sequence: number): void => {
  if (counts.first < 0) counts.first = sequence
  counts.last = sequence
}

class Writer {
  readonly #task: WriteTask
  readonly #ground: WriteGround
  readonly #budget: Budget
  readonly #data: ThreadSink
  readonly #renderer: Renderer
  readonly #visible: Visible
  readonly #total: number | null
  #written = 0

  constructor(parts: {
    readonly task: WriteTask
    readonly ground: WriteGround
    readonly budget: Budget
    readonly data: ThreadSink
    readonly renderer: Renderer
    readonly total: number | null
  }) {
    this.#task = parts.task
    this.#ground = parts.ground
    this.#budget = parts.budget
    this.#data = parts.data
    this.#renderer = parts.renderer
    this.#visible = visibility(parts.task.filter.visible)
    this.#total = parts.total
  }

  get written(): number {
    return this.#written
  }

  /** Evidence and data of one chain; its file is durable when it returns. */
  async chain(chosen: Chosen, number: number): Promise<{ readonly chain: WrittenChain; readonly file: Written }> {
    const { head, folder } = this.#task
    const { chain, size, root } = chosen
    const isInclusion = head.completeness === 'inclusion'
    const keys = new Set<string>()
    const counts: Counts = { first: -1, last: -1, disclosed: 0, headers: 0, hidden: 0 }
    const evidence = new ThreadSink(join(folder, evidenceName(number)), this.#budget)
    const into = { evidence, keys, counts }
    try {
      const paths = isInclusion ? await AuditPaths.open(this.#ground.reader.db, chain, size) : null
      const edges =
        chosen.range === null || isInclusion
          ? null
          : { ...chosen.range, ...(await readStretchEdges(this.#ground.reader.db, chain, size, chosen.range)) }
      const tree = edges && new CompactRange(edges.from, edges.left)
      if (chosen.range === null) await this.#picked(chosen, { ...into, paths, tree })
      else await this.#stretch(chosen, chosen.range, { ...into, paths, tree })
      // What is signed is what the chain's own checkpoint covers, or nothing is.
      if (edges && tree && !sameBytes(tree.close(edges.right, size), root)) throw broken(chain, edges.from, 'root')
      const file = await evidence.close()
      const { first, last, ...counted } = counts
      const lines = first < 0 ? null : { from: first, to: last }
      return { chain: { chain, size, root, range: edges, lines, ...counted, keys: [...keys] }, file }
    } finally {
      await evidence.abandon()
    }
  }

  async #stretch(chosen: Chosen, range: { from: number; to: number }, into: Into): Promise<void> {
    const { chain, ids } = chosen
    const { rows, signal } = this.#ground
    let expected = range.from
    let next = 0
    for await (const batch of rows.range(chain, range.from, range.to + 1)) {
      signal.throwIfAborted()
      for (const stored of batch) {
        if (stored.sequence !== expected) throw broken(chain, expected, 'missing')
        expected += 1
        const isSelected = ids === null || ids[next] === stored.id
        if (isSelected && ids !== null) next += 1
        if (isSelected) this.#disclose(chosen, stored, into, await pathOf(into, stored))
        else this.#cover(chain, stored, into)
      }
    }
    if (expected !== range.to + 1) throw broken(chain, expected, 'missing')
  }

  async #picked(chosen: Chosen, into: Into): Promise<void> {
    const { chain, ids, size } = chosen
    const { rows, signal } = this.#ground
    let last = -1
    for await (const batch of rows.byIds(ids ?? new Float64Array(0))) {
      signal.throwIfAborted()
      for (const stored of batch) {
        // Younger than the checkpoint: nobody could prove it.
        if (stored.sequence >= size) continue
        if (stored.sequence <= last) throw broken(chain, stored.sequence, 'order')
        last = stored.sequence
        this.#disclose(chosen, stored, into, await pathOf(into, stored))
      }
    }
  }

  #disclose(chosen: Chosen, stored: StoredRow, { evidence, keys, counts, tree }: Into, path: Path): void {
    const { chain, size, root } = chosen
    const row = this.#row(chain, stored)
    assertPayload(chain, row)
    const leaf = leafHash(row.body)
    tree?.append(leaf)
    if (path !== null) assertIncluded(chain, { leaf, index: stored.sequence, size, root }, path)
    note(counts, stored.sequence)
    evidence.text(disclosedLine(row, path))
    this.#data.text(this.#renderer.row(row))
    keep(keys, row)
    counts.disclosed += 1
    this.#written += 1
    if (this.#written > this.#task.maxEntries) throw new AppError('EXPORT_TOO_LARGE', { most: this.#task.maxEntries })
    if (this.#written % PROGRESS_ROWS === 0) this.#ground.onProgress('writing', this.#written, this.#total)
  }

  #cover(chain: string, stored: StoredRow, { evidence, keys, counts, tree }: Into): void {
    const row = this.#row(chain, stored)
    const leaf = leafHash(row.body)
    tree?.append(leaf)
    note(counts, stored.sequence)
    if (this.#visible(row)) {
      evidence.text(headerLine(row))
      keep(keys, row)
      counts.headers += 1
    } else {
      evidence.text(hiddenLine(stored.sequence, leaf))
      counts.hidden += 1
    }
  }

  /** What the row says must be what was signed: its place at least, by which everything else is found. */
  #row(chain: string, stored: StoredRow): ExportRow {
    let row: ExportRow
    try {
      row = rowOf(stored)
    } catch (cause) {
      throw new AppError('EXPORT_CHAIN_BROKEN', { chain, sequence: stored.sequence, reason: 'form' }, { cause })
    }
    if (row.entry.sequence !== stored.sequence || row.entry.chain !== chain)
      throw broken(chain, stored.sequence, 'place')
    const isErased = row.erased !== null
    if (row.payload === null && !isErased) throw broken(chain, stored.sequence, 'payload')
    return row
  }
}
type Path = readonly Uint8Array[] | null
/** Waited for only where there is one: most exports prove by the whole stretch. */
const pathOf = ({ paths }: Into, { sequence }: StoredRow): Promise<Path> | null => paths && paths.of(sequence)

interface Into {
  readonly evidence: ThreadSink
  readonly keys: Set<string>
  readonly counts: Counts
  readonly paths: AuditPaths | null
  /** Of a stretch, as it grows. */
  readonly tree: CompactRange | null
}

const memberOf = (name: string, { bytes, sha256, crc32 }: Written): PackageMember => ({ name, bytes, sha256, crc32 })

const totalOf = (chosen: readonly Chosen[]): number =>
  chosen.reduce((sum, { ids, range }) => sum + (ids?.length ?? (range ? range.to - range.from + 1 : 0)), 0)

/**
 * Writes data, evidence and names of an export in one pass over its rows, in constant memory (8 bytes for an entry where
 * a filter chooses). Every file is durable when it returns. Throws EXPORT_CHAIN_BROKEN, EXPORT_DISK_FULL,
 * EXPORT_TOO_LARGE, AUDIT_PROOF_UNAVAILABLE, and what the signal was aborted with.
 */
export const writeEntries = async (task: WriteTask, ground: WriteGround): Promise<WriteResult> => {
  const { head, folder } = task
  ground.onProgress('counting', 0, null)
  const chosen = await choose(task, ground)
  const total = totalOf(chosen)
  if (total > task.maxEntries) throw new AppError('EXPORT_TOO_LARGE', { most: task.maxEntries })
  ground.onProgress('writing', 0, total)
  const budget = new Budget(task.maxBytes)
  const { format } = head.order
  const isReport = format === 'pdf'
  const recorded = recordNames(lookupIn(task.names))
  const renderer = openRenderer(isReport ? 'jsonl' : format, { names: recorded.lookup, manifestHead: head })
  const name = isReport ? REPORT_DATA : dataName(format)
  const data = new ThreadSink(join(folder, name), budget, task.hashes)
  const members: PackageMember[] = []
  const chains: WrittenChain[] = []
  let written: Written
  let entries: number
  try {
    const writer = new Writer({ task, ground, budget, data, renderer, total })
    data.text(renderer.head())
    for (const [number, one] of chosen.entries()) {
      const { chain, file } = await writer.chain(one, number)
      chains.push(chain)
      members.push(memberOf(evidenceName(number), file))
    }
    data.text(renderer.tail())
    entries = writer.written
    written = await data.close()
  } finally {
    await data.abandon()
  }
  if (!isReport) members.push(memberOf(name, written))
  const names = new FileSink(join(folder, NAMES), budget)
  names.text(Buffer.from(encodeNames(recorded.names())).toString('utf8'))
  members.push(memberOf(NAMES, names.close()))
  ground.onProgress('proving', entries, entries)
  return { entries, chains, members, digests: Object.fromEntries(written.digests) }
}
