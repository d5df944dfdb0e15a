import type {
  Completeness,
  ExportFormat,
  ExportSelection,
  SignatureLevel,
} from '../../shared/contract/routes/exports.ts'
import type { EntryFilter } from '../db/repositories/audit-list.ts'

/** What was ordered, as it is kept: the order with whoever gave it. */
export interface KeptOrder {
  readonly selection: ExportSelection
  readonly format: ExportFormat
  readonly level: SignatureLevel
  readonly language: 'en' | 'it'
  readonly timeZone: string
  readonly visibleSignature: boolean
  readonly reason: string
  readonly requestedBy: {
    readonly id: string
    readonly name: string
    readonly role: string
    readonly office: string | null
  }
}

/** What an export takes, resolved when it was ordered: ids for names, times for spans, and what was in reach then. */
export interface ExportFilter {
  /** Null: nothing can match. */
  readonly selected: EntryFilter | null
  /** Of which entries the header may be shown; null: of all. */
  readonly visible: EntryFilter | null
  /** Ids in `selected` come from words over the whole directory: whoever asked is not told them. */
  readonly isUntold?: boolean
  /** What whoever asked reached at all: an export is given to them only as long as they reach at least the same. */
  readonly reach: string
}

export interface ExportPlan {
  readonly filter: ExportFilter
  /** Strongest by default first. */
  readonly possible: readonly [Completeness, ...Completeness[]]
}

/** A file of the package; `crc32` for its place in the ZIP. */
export interface PackageMember {
  readonly name: string
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
  readonly crc32: number
}

export type ExportPhase = 'counting' | 'writing' | 'proving' | 'signing'
export interface ExportProgress {
  readonly phase: ExportPhase
  readonly written: number
  readonly total: number | null
}

/** Where making an export can be made to fail or die in tests: before and after each of its writes. */
export const EXPORT_FAULTS = [
  'before-folder',
  'after-folder',
  'after-data',
  'after-chains',
  'after-signature',
  'after-manifest',
  'after-manifest-signature',
  'before-rename',
  'after-rename',
  'after-ready',
] as const
export type ExportFault = (typeof EXPORT_FAULTS)[number]
export type ExportFaultPort = (point: ExportFault) => Promise<void>
export const noExportFaults: ExportFaultPort = () => Promise.resolve()
