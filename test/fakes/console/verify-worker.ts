import { failed, passed, reportOf, type Check, type Report } from '../../../shared/exports/report.ts'

const AT = new Date('2026-11-22T19:00:00Z')
const signer = {
  format: 'CAdES',
  level: 'B-LT',
  signer: 'CN=Countersign audit export, O=Example Registration Authority, C=IT',
  issuer: 'CN=Example Issuing CA G1, O=Example Registration Authority, C=IT',
  serial: '4c1fa0',
  certificate: '8eca21c44ef8decb45579ea19fac7a971a8041a73b3a798742de44c66ca44e9a',
  anchor: 'CN=Example Root CA, O=Example Registration Authority, C=IT',
  algorithm: 'rsa-pss-sha256',
  claimedAt: '2026-11-21T10:30:00Z',
  provedAt: '2026-11-21T10:30:02Z',
  timeStamps: 1,
}
const chain = { subject: 'desk-server-1' }
const all: readonly Check[] = [
  passed({ check: 'package', facts: { members: 14, form: 'zip' } }),
  passed({
    check: 'manifest',
    facts: {
      id: 'export_00000001',
      product: 'Countersign 0.1.0',
      server: 'countersign.example',
      createdAt: '2026-11-21T10:30:00Z',
      requestedBy: 'Elena Ferri',
      role: 'AO',
      reason: 'Request 41/2026 of the court of Milan',
      format: 'jsonl',
      level: 'B-LT',
      keys: 'hsm',
      completeness: 'whole',
      entries: 24_310,
      chains: 1,
    },
  }),
  passed({ check: 'manifest-signature', subject: 'Countersign audit export', facts: signer }),
  passed({ check: 'manifest-signature', subject: 'Elena Ferri', facts: { ...signer, level: 'B-B', provedAt: null } }),
  passed({ check: 'checkpoint', ...chain, facts: { origin: 'desk-server-1+9f2c', size: 24_310, isKnown: false } }),
  passed({ check: 'cosignatures', ...chain, decides: false, facts: { names: 'Counter 1, Counter 2', count: 2 } }),
  passed({ check: 'checkpoint-time', ...chain, code: 'none', decides: false }),
  passed({ check: 'evidence', ...chain, facts: { disclosed: 24_310, headers: 0, hidden: 0, from: 0, to: 24_309 } }),
  passed({ check: 'entry-signatures', ...chain, facts: { checked: 24_310 } }),
  passed({ check: 'completeness', ...chain, code: 'whole', facts: { from: 0, to: 24_309, size: 24_310 } }),
  passed({ check: 'data-signature', subject: 'Countersign audit export', facts: signer }),
  passed({ check: 'data', facts: { rows: 24_310 } }),
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

/** What the page's stand-in of the checking thread answers, by the name of the file. */
export const REPORTS: Readonly<Record<string, Report>> = {
  'good.zip': reportOf('package', AT, all),
  'changed.zip': reportOf('package', AT, withFault),
  'unknown.zip': reportOf('package', AT, untrusted),
}

/** Runs in the page: answers as the thread that checks does, with reports made beforehand; `slow.zip` never ends. */
export const standInWorker = (reports: Readonly<Record<string, unknown>>): void => {
  const certificate = {
    der: new Uint8Array([48]),
    name: 'Example Root CA',
    issuer: 'CN=Example Root CA',
    notAfter: Date.UTC(2046, 0, 1),
    sha256: 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c',
  }
  const answer = (asked: { do: string; order?: { subject: { file?: File } } }): unknown => {
    if (asked.do === 'describe') return { is: 'described', certificates: [certificate] }
    const name = asked.order?.subject.file?.name ?? ''
    return name in reports ? { is: 'report', report: reports[name] } : { is: 'progress', done: 3e6, total: 8e6 }
  }
  Reflect.set(
    globalThis,
    'Worker',
    class extends EventTarget {
      postMessage(asked: Parameters<typeof answer>[0]): void {
        setTimeout(() => this.dispatchEvent(new MessageEvent('message', { data: answer(asked) })), 50)
      }
      terminate(): void {
        this.postMessage = () => undefined
      }
    },
  )
}
