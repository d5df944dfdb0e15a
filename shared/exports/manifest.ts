import { z } from 'zod'
import { canonicalBytes, parseCanonical } from '../audit/jcs.ts'
import { AppError } from '../contract/errors.ts'
import { Completeness, ExportFormat, ExportSelection, SignatureLevel } from '../contract/routes/exports.ts'
import { withoutUndefined } from './optional-members.ts'

const Text = (max: number) => z.string().min(1).max(max)
const Count = z.int().min(0)
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
export const MEMBERS_MAX = 10_000
export const MANIFEST_BYTES_MAX = 8 * 1024 * 1024

/**
 * The selection as anybody can evaluate it over entries: ids, not words of names; `last` turned into times. All that is
 * given must hold, of several values any; `from` included, `to` excluded; `operator` is the operator's id, `office` and
 * `station` the entry's own.
 */
export const EvaluatedFilter = z.strictObject({
  from: Count.optional(),
  to: Count.optional(),
  chain: z.array(Text(63)).max(1000).optional(),
  tenant: z.array(Text(200)).max(1000).optional(),
  objectType: z.array(Text(200)).max(1000).optional(),
  objectId: Text(200).optional(),
  action: z.array(Text(40)).max(40).optional(),
  operator: z.array(Text(200)).max(1000).optional(),
  office: z.array(Text(200)).max(1000).optional(),
  station: z.array(Text(200)).max(1000).optional(),
  correlationId: Text(200).optional(),
})
export type EvaluatedFilter = z.infer<typeof EvaluatedFilter>

/** What is known before the first entry is read; the head of the data. */
export const ManifestHead = z.strictObject({
  v: z.literal(1),
  /** Name and version of the program. */
  product: Text(100),
  server: Text(200),
  tenant: Text(200),
  id: Text(100),
  /** UTC in ms; also the time of every member of the ZIP. */
  createdAt: Count.max(253_402_300_799_999),
  requestedBy: z.strictObject({ id: Text(200), name: Text(200), role: Text(200), office: Text(200).nullable() }),
  reason: Text(500),
  selection: ExportSelection,
  order: z.strictObject({
    format: ExportFormat,
    level: SignatureLevel,
    language: z.enum(['en', 'it']),
    timeZone: Text(60),
  }),
  /** `software`: the signing key lies in a file of the server, for development. */
  keys: z.enum(['hsm', 'software']),
  completeness: Completeness,
  /** Null where the selection cannot be evaluated from entries alone (text, words of names): then only `inclusion`. */
  search: z.discriminatedUnion('evaluated', [
    z.strictObject({ evaluated: z.literal(true), filter: EvaluatedFilter }),
    z.strictObject({ evaluated: z.literal(false), filter: z.null() }),
  ]),
})
export type ManifestHead = z.infer<typeof ManifestHead>

/** One chain: its checkpoint, which sequences have lines (null: none), and how many lines of each kind. */
export const ManifestChain = z.strictObject({
  chain: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/),
  origin: Text(200),
  size: Count,
  /** Base64 (RFC 4648 4), as the checkpoint has it. */
  root: z.base64().length(44),
  from: Count.nullable(),
  to: Count.nullable(),
  disclosed: Count,
  headers: Count,
  hidden: Count,
})
export type ManifestChain = z.infer<typeof ManifestChain>

export const Manifest = ManifestHead.extend({
  counts: z.strictObject({ entries: Count, chains: z.array(ManifestChain).max(1000) }),
  /** Every member but the manifest and its signature, in order. */
  members: z.array(z.strictObject({ name: Text(120), bytes: Count, sha256: Sha256 })).max(MEMBERS_MAX),
})
export type Manifest = z.infer<typeof Manifest>

/** Canonical JSON (RFC 8785): what is signed. Throws REQUEST_INVALID (`manifest`). */
export const encodeManifest = (manifest: Manifest): Uint8Array => {
  const parsed = Manifest.safeParse(manifest)
  if (!parsed.success) throw new AppError('REQUEST_INVALID', { reason: 'manifest' }, { cause: parsed.error })
  return canonicalBytes(withoutUndefined(parsed.data))
}

/** Throws REQUEST_INVALID unless the bytes are exactly a manifest of format 1. */
export const parseManifest = (bytes: Uint8Array): Manifest => {
  if (bytes.length > MANIFEST_BYTES_MAX) throw new AppError('REQUEST_INVALID', { reason: 'manifest' })
  const parsed = Manifest.safeParse(parseCanonical(bytes))
  // A schema may trim or normalise text; what was signed is what must be read.
  const isSame = parsed.success && sameText(canonicalBytes(withoutUndefined(parsed.data)), bytes)
  if (!isSame) throw new AppError('REQUEST_INVALID', { reason: 'manifest' }, { cause: parsed.error })
  return parsed.data
}

/** The part of a manifest that the data was rendered from. */
export const headOf = ({ counts: _counts, members: _members, ...head }: Manifest): ManifestHead => head

const sameText = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && left.every((byte, place) => byte === right[place])
