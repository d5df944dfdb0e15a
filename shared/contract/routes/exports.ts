import { z } from 'zod'
import { AuditChainName, SavedAuditSearch } from '../views.ts'
import { Base64, Id, NamedObject, page, PageQuery, Text, TimeMs } from '../scalars.ts'
import { OperatorRef } from '../views.ts'
import { byId, done, route } from './route.ts'

/** `jsonl`: one JSON object a line (JSON Lines). `pdf`: a report for people, up to PDF_ENTRIES_MAX entries. */
export const ExportFormat = z.enum(['csv', 'json', 'jsonl', 'xml', 'pdf'])
export type ExportFormat = z.infer<typeof ExportFormat>
/** Above this a report helps nobody: EXPORT_TOO_LARGE says to take a data format. */
export const PDF_ENTRIES_MAX = 20_000

/** Baseline levels of ETSI EN 319 122-1, 132-1 and 142-1. B-T and above need a time-stamping authority. */
export const SignatureLevel = z.enum(['B-B', 'B-T', 'B-LT', 'B-LTA'])
export type SignatureLevel = z.infer<typeof SignatureLevel>

/** Which entries: those a search finds, one object's whole trail, or a chain from its first entry to its last. */
export const ExportSelection = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('search'), search: SavedAuditSearch }),
  z.strictObject({
    kind: z.literal('object'),
    ...NamedObject,
  }),
  z.strictObject({ kind: z.literal('chain'), chain: AuditChainName }),
])
export type ExportSelection = z.infer<typeof ExportSelection>

/**
 * What the package proves beside that each entry is in the chain.
 * `whole`: every entry of the chain is in it. `range`: every entry between the first and the last is in it. `headers`:
 * of those that were not selected the entry without its payload is in it, so that anybody can see that none was left
 * out. `inclusion`: nothing more.
 */
export const Completeness = z.enum(['whole', 'range', 'headers', 'inclusion'])
export type Completeness = z.infer<typeof Completeness>

export const ExportOrder = z.strictObject({
  selection: ExportSelection,
  format: ExportFormat,
  level: SignatureLevel,
  /** Asked for; left out: the strongest that the selection allows without showing anything that was not selected. */
  completeness: Completeness.optional(),
  /** Language of the report and of the page that says how to check. */
  language: z.enum(['en', 'it']),
  /** Zone of times in the report (IANA); data formats are always UTC. */
  timeZone: z.string().max(60),
  /** A field on the report's title page that readers show; only for `pdf`. */
  visibleSignature: z.boolean().optional(),
  /** Why it is exported; goes into the manifest and the audit. */
  reason: Text(500),
})
export type ExportOrder = z.infer<typeof ExportOrder>

/** `ready`: can be downloaded until `keptUntil`. `gone`: removed, by its time or by hand; the order is kept. */
export const ExportState = z.enum(['waiting', 'running', 'ready', 'failed', 'cancelled', 'gone'])
export type ExportState = z.infer<typeof ExportState>

export const ExportSignerView = z.strictObject({
  /** Common name of the certificate. */
  name: z.string().max(200),
  /** `software`: a key store for development; the report says so. `card`: the officer's own. */
  kind: z.enum(['hsm', 'software', 'card']),
  level: SignatureLevel,
  at: TimeMs,
})
export type ExportSignerView = z.infer<typeof ExportSignerView>

export const ExportView = z.strictObject({
  id: Id,
  state: ExportState,
  selection: ExportSelection,
  format: ExportFormat,
  level: SignatureLevel,
  completeness: Completeness.nullable(),
  language: z.enum(['en', 'it']),
  reason: z.string().max(500),
  requestedBy: OperatorRef,
  requestedAt: TimeMs,
  endedAt: TimeMs.nullable(),
  keptUntil: TimeMs.nullable(),
  /** What it is doing now, for progress; null before and after. */
  phase: z.enum(['counting', 'writing', 'proving', 'signing']).nullable(),
  /** Entries written, and how many there will be; null until counted. */
  written: z.number().int().min(0),
  total: z.number().int().min(0).nullable(),
  /** Of the package, once ready. */
  bytes: z.number().int().min(0).nullable(),
  fileName: z.string().max(200).nullable(),
  /** SHA-256 of the manifest, hex: what a second signature signs, and what a phone call can compare. */
  manifestDigest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  signers: z.array(ExportSignerView).max(10),
  /** A code of the closed list, for `failed`. */
  error: z.string().max(60).nullable(),
})
export type ExportView = z.infer<typeof ExportView>

export const ExportEstimate = z.strictObject({
  entries: z.number().int().min(0),
  /** True where counting stopped at the number above. */
  isMore: z.boolean(),
  /** The completeness the package would get by default, and all that may be asked for. */
  completeness: Completeness,
  possible: z.array(Completeness).min(1),
  levels: z.array(SignatureLevel).min(1),
  /** Who would sign. */
  signer: z.strictObject({ name: z.string().max(200), kind: z.enum(['hsm', 'software']) }),
})
export type ExportEstimate = z.infer<typeof ExportEstimate>

/** A right to read one export's file for some minutes, in ranges and as often as needed. Also set as a cookie of that path. */
export const DownloadPass = z.strictObject({
  path: z.string().max(300),
  /** For `Authorization: Download …`, where there are no cookies. A secret. */
  pass: z.string().max(200),
  fileName: z.string().max(200),
  bytes: z.number().int().min(0),
  expiresAt: TimeMs,
})
export type DownloadPass = z.infer<typeof DownloadPass>

/** A larger one is refused by whoever reads a package (FORMAT.md), so there is none. */
const MANIFEST_MAX_BYTES = 8 * 1024 * 1024

/** What the officer's card is to sign: the DER of the signed attributes over the manifest (CAdES, RFC 5652 5.4). */
export const SecondSignatureOrder = z.strictObject({
  /** Their message digest is that of the manifest, by the hash of the card's key. */
  signedAttributes: Base64(8192),
  /** The manifest itself, so that a desk ties what the card signs to the SHA-256 it showed, whatever hash the key takes. */
  manifest: Base64(MANIFEST_MAX_BYTES),
  /** SHA-256 of the manifest, hex. */
  manifestDigest: z.string().regex(/^[0-9a-f]{64}$/),
  expiresAt: TimeMs,
})

export const exportsRoutes = {
  estimateExport: route({
    method: 'POST',
    path: '/api/v1/export-estimates',
    summary: 'How many entries an export would hold, and what it could prove',
    auth: 'audit.export',
    body: z.strictObject({ selection: ExportSelection }),
    answer: ExportEstimate,
  }),

  createExport: route({
    method: 'POST',
    path: '/api/v1/exports',
    summary: 'Export entries of the audit as a signed package; made by a job',
    auth: 'audit.export',
    creates: true,
    body: ExportOrder,
    answer: ExportView,
  }),

  listExports: route({
    method: 'GET',
    path: '/api/v1/exports',
    summary: 'My exports, newest first',
    auth: 'audit.export',
    query: z.strictObject({ ...PageQuery, state: ExportState.optional() }),
    answer: page(ExportView),
  }),

  readExport: route({
    method: 'GET',
    path: '/api/v1/exports/:id',
    summary: 'An export and how far it is',
    auth: 'audit.export',
    params: byId,
    answer: ExportView,
  }),

  cancelExport: route({
    method: 'POST',
    path: '/api/v1/exports/:id/cancellation',
    summary: 'Stop an export that is not ready; nothing of it is kept',
    auth: 'audit.export',
    params: byId,
    answer: ExportView,
  }),

  deleteExport: route({
    method: 'DELETE',
    path: '/api/v1/exports/:id',
    summary: 'Remove the file of an export before its time',
    auth: 'audit.export',
    params: byId,
    answer: done,
  }),

  authoriseDownload: route({
    method: 'POST',
    path: '/api/v1/exports/:id/downloads',
    summary:
      'A pass to download the file, good for some minutes and for ranges; an entry of the audit says who took it',
    auth: 'audit.export',
    params: byId,
    answer: DownloadPass,
  }),

  prepareSecondSignature: route({
    method: 'POST',
    path: '/api/v1/exports/:id/second-signature',
    summary: 'What the officer who exports signs with their own card',
    auth: 'audit.export',
    params: byId,
    body: z.strictObject({ certificate: Base64(8192) }),
    answer: SecondSignatureOrder,
  }),

  addSecondSignature: route({
    method: 'PUT',
    path: '/api/v1/exports/:id/second-signature',
    summary: 'Add the signature the card made to the manifest',
    auth: 'audit.export',
    params: byId,
    body: z.strictObject({ certificate: Base64(8192), signature: Base64(1024) }),
    answer: ExportView,
  }),
} as const

/** A key of the key store, as people and screens see it. */
export const KeyView = z.strictObject({
  label: z.string().max(64),
  algorithm: z.string().max(30),
  kind: z.enum(['hsm', 'software']),
  /** What it is for here. */
  use: z.enum(['audit', 'authority', 'export', 'server', 'vault', 'unused']),
  certificate: z
    .strictObject({
      subject: z.string().max(400),
      issuer: z.string().max(400),
      serial: z.string().max(64),
      notBefore: TimeMs,
      notAfter: TimeMs,
    })
    .nullable(),
})
export type KeyView = z.infer<typeof KeyView>

export const keysRoutes = {
  listKeys: route({
    method: 'GET',
    path: '/api/v1/keys',
    summary: 'Keys of the key store, what each is for and its certificate',
    auth: 'key.read',
    answer: z.strictObject({
      kind: z.enum(['hsm', 'software']),
      description: z.string().max(300),
      items: z.array(KeyView).max(500),
    }),
  }),
} as const
