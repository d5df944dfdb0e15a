import { createHash, randomBytes } from 'node:crypto'
import { AppError, type HttpName, type SessionView } from '../../../shared/contract/index.ts'
import type { ExportOrder, ExportView, KeyView } from '../../../shared/contract/routes/exports.ts'
import { CHAIN } from './data.ts'

interface Asked {
  readonly params: Record<string, string | number>
  readonly body: Record<string, unknown>
  readonly view: SessionView
}
type Handlers = Partial<Record<HttpName, (call: Asked) => unknown>>

const DAY = 86_400_000
const ELENA = { id: 'op_audit00001', name: 'Elena Ferri' }
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const PHASES = ['counting', 'writing', 'proving', 'signing'] as const
/** How long one phase of a fake export lasts. */
const PHASE_MS = 4000

const ready = (id: string, now: number): Partial<ExportView> => ({
  state: 'ready',
  phase: null,
  endedAt: now,
  keptUntil: now + 7 * DAY,
  bytes: 3_481_229,
  fileName: `audit-${id.slice(-6)}.zip`,
  manifestDigest: digestOf(id),
  signers: [{ name: 'Countersign audit export', kind: 'hsm', level: 'B-LTA', at: now }],
})

const makeExports = (now: number): ExportView[] => {
  const base = (n: number): ExportView => ({
    id: `export_0000000${n}`,
    state: 'waiting',
    selection: { kind: 'chain', chain: CHAIN },
    format: 'jsonl',
    level: 'B-LTA',
    completeness: 'whole',
    language: 'en',
    reason: 'Request 41/2026 of the court of Milan',
    requestedBy: ELENA,
    requestedAt: now - n * DAY,
    endedAt: null,
    keptUntil: null,
    phase: null,
    written: 0,
    total: 300,
    bytes: null,
    fileName: null,
    manifestDigest: null,
    signers: [],
    error: null,
  })
  const signed = { ...base(1), ...ready('export_00000001', now - DAY), written: 300 }
  return [
    {
      ...signed,
      signers: [...signed.signers, { name: 'Elena Ferri', kind: 'card', level: 'B-B', at: now - DAY / 2 }],
    },
    {
      ...base(2),
      selection: {
        kind: 'search',
        search: { last: '30d', objectType: ['holder', 'card'], action: ['Modification'], office: ['Central'] },
      },
      state: 'failed',
      format: 'pdf',
      level: 'B-LT',
      completeness: 'inclusion',
      endedAt: now - 2 * DAY,
      error: 'INTERNAL',
    },
    {
      ...base(3),
      ...ready('export_00000003', now - 20 * DAY),
      selection: { kind: 'object', objectType: 'holder', objectId: 'holder_00000003' },
      state: 'gone',
      format: 'xml',
      completeness: 'inclusion',
      written: 14,
      total: 14,
    },
  ]
}

const makeKeys = (now: number): KeyView[] => {
  const key = (label: string, use: KeyView['use'], algorithm: string, days: number | null): KeyView => ({
    label,
    algorithm,
    kind: 'hsm',
    use,
    certificate:
      days === null
        ? null
        : {
            subject: `CN=${label}, O=Example Registration Authority, C=IT`,
            issuer: 'CN=Example Issuing CA G1, O=Example Registration Authority, C=IT',
            serial: digestOf(label).slice(0, 32),
            notBefore: now - 300 * DAY,
            notAfter: now + days * DAY,
          },
  })
  return [
    key('audit-2026', 'audit', 'ECDSA P-256', 791),
    key('issuing-ca-g1', 'authority', 'RSA 4096', 2900),
    key('export-2026', 'export', 'RSA 3072 PSS', 62),
    key('server-tls', 'server', 'ECDSA P-256', 12),
    key('vault-wrap', 'vault', 'AES 256', null),
    key('audit-2024', 'unused', 'ECDSA P-256', -40),
  ]
}

/** Exports that go through their phases by the clock, and a key store to look at. */
export const createExports = (entries: () => number): Handlers => {
  const all = makeExports(Date.now())
  let beganAt = 0
  const advance = (one: ExportView): ExportView => {
    if (one.state !== 'running' && one.state !== 'waiting') return one
    const passed = Date.now() - beganAt
    const phase = PHASES[Math.floor(passed / PHASE_MS)]
    const total = one.total ?? entries()
    if (phase === undefined) return Object.assign(one, ready(one.id, Date.now()), { written: total, total })
    const written =
      phase === 'counting' ? 0 : phase === 'writing' ? Math.floor((total * (passed - PHASE_MS)) / PHASE_MS) : total
    return Object.assign(one, { state: 'running', phase, written, total: phase === 'counting' ? null : entries() })
  }
  const mine = (id: unknown): ExportView => {
    const found = all.find((one) => one.id === id)
    if (found === undefined) throw new AppError('NOT_FOUND')
    return advance(found)
  }
  const estimate = (selection: ExportOrder['selection']) => {
    const plain =
      selection.kind === 'search' && Object.keys(selection.search).every((name) => /^(last|from|to)$/.test(name))
    const isText = selection.kind === 'search' && selection.search.text !== undefined
    const best = selection.kind === 'chain' ? 'whole' : plain ? 'range' : 'inclusion'
    return {
      entries: selection.kind === 'object' ? 14 : selection.kind === 'chain' ? 24_000 : 312,
      isMore: selection.kind === 'chain',
      completeness: best,
      possible:
        best === 'whole' ? ['whole'] : [...(plain ? ['range'] : []), ...(isText ? [] : ['headers']), 'inclusion'],
      levels: ['B-B', 'B-T', 'B-LT'],
      signer: { name: 'Countersign audit export', kind: 'hsm' },
    }
  }
  return {
    estimateExport: ({ body }) => estimate(body['selection'] as ExportOrder['selection']),
    createExport: ({ body, view }) => {
      const order = body as ExportOrder
      beganAt = Date.now()
      const made: ExportView = {
        ...all[0]!,
        selection: order.selection,
        format: order.format,
        level: order.level,
        language: order.language,
        id: `export_${randomBytes(8).toString('hex')}`,
        completeness: order.completeness ?? null,
        reason: order.reason,
        state: 'waiting',
        requestedBy: view.operator,
        requestedAt: beganAt,
        endedAt: null,
        keptUntil: null,
        bytes: null,
        fileName: null,
        manifestDigest: null,
        written: 0,
        total: null,
        signers: [],
      }
      all.unshift(made)
      return made
    },
    listExports: () => ({ items: all.map(advance), next: null }),
    readExport: ({ params }) => mine(params['id']),
    cancelExport: ({ params }) =>
      Object.assign(mine(params['id']), { state: 'cancelled', phase: null, endedAt: Date.now() }),
    deleteExport: ({ params }) => {
      Object.assign(mine(params['id']), { state: 'gone' })
      return { done: true }
    },
    authoriseDownload: ({ params }) => ({
      path: `/api/v1/exports/${params['id']}/file`,
      pass: randomBytes(32).toString('base64url'),
      fileName: mine(params['id']).fileName,
      bytes: mine(params['id']).bytes,
      expiresAt: Date.now() + 600_000,
    }),
    listKeys: () => ({ kind: 'hsm', description: 'SoftHSM v2, slot “countersign”', items: makeKeys(Date.now()) }),
  }
}
