import { parseAnyCrl, PkiError, type CertificateList } from '../pki/index.ts'
import type { Manifest } from './manifest.ts'
import type { Members } from './member-pass.ts'
import { formatFault } from './package-facts.ts'
import type { Check } from './report.ts'

/** Lists and answers put beside, together. */
const REVOCATIONS_MAX = 64
const REVOCATION_BYTES_MAX = 32 * 1024 * 1024

const tryCrl = (bytes: Uint8Array): readonly CertificateList[] => {
  try {
    return [parseAnyCrl(bytes)]
  } catch (error) {
    if (error instanceof PkiError) return []
    throw error
  }
}

export interface CarriedRevocations {
  readonly crls: readonly CertificateList[]
  readonly ocsp: readonly Uint8Array[]
  /** More than a package may carry: then none is used. */
  readonly fault: Check | null
}

/** Lists and answers put beside: they speak for themselves, or not at all. */
export const readRevocations = async (manifest: Manifest, members: Members): Promise<CarriedRevocations> => {
  const crls: CertificateList[] = []
  const ocsp: Uint8Array[] = []
  const names = manifest.members.map(({ name }) => name).filter((name) => name.startsWith('revocation/'))
  // Nothing of it is signed yet: anybody can put any amount of them there.
  const total = names.reduce((sum, name) => sum + (members.find(name)?.bytes ?? 0), 0)
  if (names.length > REVOCATIONS_MAX || total > REVOCATION_BYTES_MAX) {
    const fault = formatFault('package', { reason: 'too-large', member: 'revocation', count: names.length })
    return { crls, ocsp, fault }
  }
  for (const name of names) {
    const bytes = await members.tryWhole(name, REVOCATION_BYTES_MAX)
    if (!bytes) continue
    if (name.endsWith('.ocsp')) ocsp.push(bytes)
    else crls.push(...tryCrl(bytes))
  }
  return { crls, ocsp, fault: null }
}
