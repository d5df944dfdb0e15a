import type { ManifestChain, ManifestHead } from '../../../../../shared/exports/index.ts'

export const AT = Date.UTC(2026, 10, 22, 12, 0, 0)

export const headOf = (more: Partial<ManifestHead> = {}): ManifestHead => ({
  v: 1,
  product: 'Countersign 0.1.0',
  server: 'ra.example.org',
  tenant: 'default',
  id: '0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
  createdAt: AT,
  requestedBy: { id: 'op-7', name: 'Zoë Šťastná-Łukasiewicz', role: 'AO', office: 'office-1' },
  reason: 'Request of the court of Napoli, file 1234/2026',
  selection: {
    kind: 'search',
    search: { from: AT - 86_400_000 * 30, to: AT, objectType: ['card', 'holder'], action: ['Modification'] },
  },
  order: { format: 'pdf', level: 'B-LTA', language: 'en', timeZone: 'Europe/Rome' },
  keys: 'hsm',
  completeness: 'range',
  search: { evaluated: true, filter: { from: AT - 86_400_000 * 30, to: AT } },
  ...more,
})

export const CHAINS: readonly ManifestChain[] = [
  {
    chain: 'node-a',
    origin: 'ra.example.org/node-a',
    size: 1_234_567,
    root: 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=',
    from: 1_200_000,
    to: 1_234_566,
    disclosed: 34_567,
    headers: 0,
    hidden: 0,
  },
]

interface Options {
  readonly payload?: unknown
  readonly erased?: unknown
  readonly operator?: unknown
  readonly names?: unknown
  readonly action?: string
  readonly type?: string
}

export function lineOf(sequence: number, options: Options = {}): string {
  const payload =
    options.payload === undefined
      ? {
          after: {
            email: `mario.${sequence}@example.org`,
            state: 'active',
            address: { city: 'Napoli', street: 'Via Toledo 1' },
          },
          before: { email: 'mario@example.org', state: 'suspended', address: { city: 'Roma', street: 'Via Toledo 1' } },
          changed: ['address.city', 'email', 'state'],
          reason: 'The holder asked for it in person',
        }
      : options.payload
  return JSON.stringify({
    entry: {
      action: options.action ?? 'Modification',
      at: AT - 86_400_000 * 5 + sequence * 60_123,
      chain: 'node-a',
      correlationId: `req-${sequence.toString(16).padStart(8, '0')}`,
      division: null,
      intent: `intent-${sequence}`,
      key: 'k'.repeat(43),
      object: { id: `card-${sequence}`, type: options.type ?? 'card' },
      office: 'office-1',
      operator: options.operator === undefined ? { id: 'op-3', office: 'office-1', role: 'RO' } : options.operator,
      payload: 'p'.repeat(43),
      previous: 'q'.repeat(86),
      sequence,
      station: 'station-9',
      tenant: 'default',
      v: 1,
    },
    payload,
    ...(options.erased ? { erased: options.erased } : {}),
    names: options.names ?? { operator: 'Anna Ferrari', office: 'Napoli Centro', station: 'Desk 9' },
    signature: 's'.repeat(86),
  })
}

/** Each kind of entry that is hard to lay out. */
export const HARD: readonly string[] = [
  lineOf(1),
  lineOf(2, {
    action: 'Insertion',
    type: 'holder',
    payload: {
      after: { givenNames: 'Δημήτρης', familyName: 'Παπαδόπουλος', note: 'Щукин, Вячеслав; אברהם כהן; محمد; 中村; 😀' },
      before: null,
      changed: [],
      reason: null,
    },
  }),
  lineOf(3, { payload: null, erased: { at: AT - 3_600_000, by: 'op-1', rule: 'holder-data-10y' } }),
  lineOf(4, {
    operator: null,
    names: {},
    action: 'KeyUse',
    type: 'key',
    payload: { after: { key: 'k1' }, before: null, changed: [], reason: null },
  }),
  lineOf(5, {
    payload: {
      after: { certificate: 'MIIB'.repeat(400), list: Array.from({ length: 60 }, (_, i) => `value-${i}`) },
      before: { certificate: null, list: [] },
      changed: [],
      reason: 'x'.repeat(300),
    },
  }),
  lineOf(6, {
    payload: {
      after: { name: 'a\u202egnp.exe', note: 'line one\nline two\u0007' },
      before: { name: '', note: 'line' },
      changed: [],
      reason: null,
    },
  }),
  lineOf(7, {
    action: 'Deletion',
    payload: { after: null, before: { state: 'terminated', serial: '0123456789' }, changed: [], reason: 'Lost' },
  }),
  lineOf(8, { payload: { after: { a: 1 }, before: { a: 1 }, changed: [], reason: null } }),
]

export const dataOf = (lines: readonly string[]): Uint8Array => Buffer.from(lines.map((line) => `${line}\n`).join(''))
