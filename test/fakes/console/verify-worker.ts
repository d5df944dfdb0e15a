import type { DescribedCertificate, FromWorker, ToWorker } from '../../../renderer/verify/protocol.ts'
import type { Manifest } from '../../../shared/exports/manifest.ts'
import { manifestFacts } from '../../../shared/exports/package-facts.ts'
import {
  failed,
  passed,
  reportOf,
  type Check,
  type Facts,
  type Given,
  type Report,
} from '../../../shared/exports/report.ts'
import { selectionFacts } from '../../../shared/exports/selection-check.ts'

const AT = new Date('2026-11-22T19:00:00Z')
const CHAIN = 'desk-server-1'
const SIZE = 24_310
const ORIGIN = `${CHAIN}+9f2c4be1`
const ROOT = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg='

const manifest: Manifest = {
  v: 1,
  product: 'Countersign 0.1.0',
  server: 'countersign.example',
  tenant: 'tenant_00000001',
  id: 'export_00000001',
  createdAt: Date.UTC(2026, 10, 21, 10, 30),
  requestedBy: { id: 'operator_00000001', name: 'Elena Ferri', role: 'AO', office: null },
  reason: 'Request 41/2026 of the court of Milan',
  selection: { kind: 'chain', chain: CHAIN },
  order: { format: 'jsonl', level: 'B-LT', language: 'en', timeZone: 'Europe/Rome' },
  keys: 'hsm',
  completeness: 'whole',
  search: { evaluated: true, filter: { chain: [CHAIN] } },
  counts: {
    entries: SIZE,
    chains: [
      {
        chain: CHAIN,
        origin: ORIGIN,
        size: SIZE,
        root: ROOT,
        from: 0,
        to: SIZE - 1,
        disclosed: SIZE,
        headers: 0,
        hidden: 0,
      },
    ],
  },
  members: [],
}
const signer: Facts = {
  format: 'CAdES',
  level: 'B-LT',
  signer: 'CN=Countersign audit export, O=Example Registration Authority, C=IT',
  issuer: 'CN=Example Issuing CA G1, O=Example Registration Authority, C=IT',
  serial: '4c1fa0',
  certificate: '8eca21c44ef8decb45579ea19fac7a971a8041a73b3a798742de44c66ca44e9a',
  anchor: 'CN=Example Root CA, O=Example Registration Authority, C=IT',
  algorithm: 'rsa-pss-sha256',
  claimedAt: '2026-11-21T10:30:00.000Z',
  provedAt: '2026-11-21T10:30:02.000Z',
  timeStamps: 1,
  stampedAt: '2026-11-21T10:30:02.000Z',
}
const officer: Facts = { ...signer, level: 'B-B', provedAt: null, timeStamps: 0, stampedAt: null }
const seen = { names: 'Counter 1, Counter 2', count: 2, time: '2026-11-21T10:29:00.000Z', wanted: false }
const lines = { disclosed: SIZE, headers: 0, hidden: 0 }
const span = { from: 0, to: SIZE - 1 }
const chain = { subject: CHAIN }
const all: readonly Check[] = [
  passed({ check: 'package', facts: { members: 14, form: 'zip' } }),
  passed({ check: 'manifest', facts: manifestFacts(manifest) }),
  passed({ check: 'manifest-signature', subject: 'Countersign audit export', facts: signer }),
  passed({ check: 'manifest-signature', subject: 'Elena Ferri', facts: officer }),
  passed({ check: 'checkpoint', ...chain, facts: { origin: ORIGIN, size: SIZE, root: ROOT, isKnown: false } }),
  passed({ check: 'cosignatures', ...chain, code: 'unjudged', decides: false, facts: seen }),
  passed({ check: 'checkpoint-time', ...chain, code: 'none', decides: false }),
  passed({ check: 'evidence', ...chain, facts: { ...lines, erased: 0, unburied: 0, ...span } }),
  passed({ check: 'entry-signatures', ...chain, facts: { checked: SIZE } }),
  passed({
    check: 'completeness',
    ...chain,
    code: 'whole',
    facts: { ...span, size: SIZE, ...lines, beginning: 0, ...selectionFacts(manifest), until: null },
  }),
  passed({ check: 'data-signature', subject: 'Countersign audit export', facts: signer }),
  passed({ check: 'data', facts: { rows: SIZE } }),
  passed({ check: 'members', facts: { count: 12 } }),
]
const withFault = all.map((check) =>
  check.check === 'members'
    ? failed({
        check: 'members',
        code: 'differs',
        sub: 'HASH_FAILURE',
        indication: 'TOTAL-FAILED',
        facts: { names: 'data/audit.jsonl' },
      })
    : check,
)
const untrusted = all.map((check) =>
  check.check === 'manifest-signature'
    ? failed({
        check: check.check,
        subject: check.subject,
        sub: 'NO_CERTIFICATE_CHAIN_FOUND',
        indication: 'INDETERMINATE',
        clause: 'RFC 5280 6.1',
        facts: { format: 'CAdES', reason: 'untrusted' },
      })
    : check,
)

const ANCHOR = 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c'
const given: Given = {
  at: AT.toISOString(),
  revocation: 'require',
  depth: 'full',
  origins: [],
  witnesses: [],
  signers: null,
  anchors: [{ subject: 'CN=Example Root CA, O=Example Registration Authority, C=IT', sha256: ANCHOR }],
  timeStampAnchors: null,
}

/** What the page's stand-in of the checking thread answers, by the name of the file. */
export const REPORTS: Readonly<Record<string, Report>> = {
  'good.zip': reportOf('package', AT, all, given),
  'changed.zip': reportOf('package', AT, withFault, given),
  'unknown.zip': reportOf('package', AT, untrusted, given),
}

/** Runs in the page: answers as the thread that checks does, with reports made beforehand; `slow.zip` never ends. */
export const standInWorker = (reports: Readonly<Record<string, Report>>): void => {
  const certificate: DescribedCertificate = {
    der: new Uint8Array([48]),
    name: 'Example Root CA',
    issuer: 'CN=Example Root CA',
    notAfter: Date.UTC(2046, 0, 1),
    sha256: 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c',
  }
  const answer = (asked: ToWorker): FromWorker => {
    if (asked.do === 'describe') return { is: 'described', certificates: [certificate] }
    const { subject } = asked.order
    const report = subject.kind === 'package' && subject.file instanceof File ? reports[subject.file.name] : undefined
    return report ? { is: 'report', report } : { is: 'progress', done: 3e6, total: 8e6 }
  }
  Reflect.set(
    globalThis,
    'Worker',
    class extends EventTarget {
      postMessage(asked: ToWorker): void {
        setTimeout(() => this.dispatchEvent(new MessageEvent('message', { data: answer(asked) })), 50)
      }
      terminate(): void {
        this.postMessage = () => undefined
      }
    },
  )
}
