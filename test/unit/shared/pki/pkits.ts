import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  parseAnyCrl,
  parseCertificate,
  PkiError,
  verifyPath,
  type PolicyOptions,
} from '../../../../shared/pki/index.ts'

const FOLDER = resolve(import.meta.dirname, '../../../fixtures/pki/pkits')

/** What parses, by file name without its ending; what does not, by the reason. */
function load<T>(kind: 'certs' | 'crls', parse: (der: Uint8Array) => T) {
  const read = new Map<string, T>()
  const refused = new Map<string, string>()
  for (const file of readdirSync(join(FOLDER, kind))) {
    const name = file.replace(/\.(crt|crl)$/, '')
    try {
      read.set(name, parse(new Uint8Array(readFileSync(join(FOLDER, kind, file)))))
    } catch (error) {
      if (!(error instanceof PkiError)) throw error
      refused.set(name, error.reason)
    }
  }
  return { read, refused }
}

export const certificates = load('certs', parseCertificate)
export const lists = load('crls', parseAnyCrl)

/** The moment judged: inside the validity of the suite, 2010 to 2030. */
const AT = new Date('2026-11-22T12:00:00Z')
const ANCHOR = 'TrustAnchorRootCertificate'

export interface PkitsResult {
  readonly verdict: string
  readonly policies: readonly string[]
  readonly path: readonly string[]
}

/**
 * The verdict over one end certificate with everything of the suite at hand: the path has to be found, and each list
 * to be put where it belongs.
 */
export function judge(target: string, policies: PolicyOptions = {}, withDelta = true): PkitsResult {
  const refused = certificates.refused.get(target)
  if (refused) return { verdict: refused, policies: [], path: [] }
  const leaf = certificates.read.get(target)
  const anchor = certificates.read.get(ANCHOR)
  if (!leaf || !anchor) throw new Error(`no certificate ${target}`)
  const intermediates = [...certificates.read.values()].filter((one) => one !== leaf && one !== anchor)
  const crls = [...lists.read.values()].filter((one) => withDelta || !one.delta)
  try {
    const found = verifyPath({
      leaf,
      intermediates,
      anchors: [anchor],
      at: AT,
      caLeaf: true,
      revocation: 'require',
      crls,
      ...policies,
    })
    return { verdict: 'ok', policies: found.policies, path: found.path.map((one) => one.subject.text) }
  } catch (error) {
    if (!(error instanceof PkiError)) throw error
    return { verdict: error.reason, policies: [], path: [] }
  }
}
