import { judge } from './indication.ts'
import type { Manifest } from './manifest.ts'
import { failed, passed, type Check, type Facts } from './report.ts'
import { selectionFacts } from './selection-check.ts'
import type { SignatureQueue } from './signature-pool.ts'

export const formatFault = (check: 'package' | 'manifest', facts: Facts): Check =>
  failed({ check, sub: 'FORMAT_FAILURE', indication: 'TOTAL-FAILED', facts })

export const refusalOf = (error: unknown): Facts => ({ reason: judge(error).reason })

export const manifestFacts = (manifest: Manifest): Facts => ({
  id: manifest.id,
  product: manifest.product,
  server: manifest.server,
  createdAt: new Date(manifest.createdAt).toISOString(),
  requestedBy: manifest.requestedBy.name,
  role: manifest.requestedBy.role,
  reason: manifest.reason,
  ...selectionFacts(manifest),
  format: manifest.order.format,
  level: manifest.order.level,
  keys: manifest.keys,
  completeness: manifest.completeness,
  entries: manifest.counts.entries,
  chains: manifest.counts.chains.length,
})

export const missingSignature = (check: 'manifest-signature' | 'data-signature'): Check =>
  failed({ check, code: 'missing', sub: 'FORMAT_FAILURE', indication: 'TOTAL-FAILED' })

export const unjudgedData = (): Check =>
  failed({ check: 'data', code: 'unjudged', sub: 'SIGNED_DATA_NOT_FOUND', indication: 'INDETERMINATE' })

export const signaturesOf = (chain: string, queue: SignatureQueue | null): Check => {
  const about = { check: 'entry-signatures', subject: chain } as const
  if (!queue) return passed({ ...about, code: 'skipped', decides: false })
  if (queue.fault === null) return passed({ ...about, facts: { checked: queue.checked } })
  const facts = { sequence: queue.fault }
  return failed({ ...about, code: 'fault', sub: 'SIG_CRYPTO_FAILURE', indication: 'TOTAL-FAILED', facts })
}

export const faultOf = (what: string) =>
  what === 'payload' || what === 'root' || what === 'inclusion' ? 'HASH_FAILURE' : 'FORMAT_FAILURE'

/** What a witness the verifier named saw is newer than a time-stamp, which shows only that it is not later. */
export const provedTimeOf = (...checks: readonly Check[]): string | null => {
  const proof = checks.find(({ code, facts }) => code === 'passed' && typeof facts['time'] === 'string')
  return proof ? String(proof.facts['time']) : null
}
