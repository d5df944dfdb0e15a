import { isSameName } from './name.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { PolicyGraph } from './policy-graph.ts'
import type { PolicyOptions } from './path-types.ts'
import type { Certificate } from './types.ts'

const ANY = OID.anyPolicy

/** Issuer and subject are one: a CA that changes keys or names its own list signer (RFC 5280 3.2). */
export const isSelfIssued = ({ subject, issuer }: Certificate): boolean => isSameName(subject, issuer)

/** The three counters of RFC 5280 6.1.2 (d), (e), (f): so many more certificates until the rule holds. */
interface Counters {
  explicit: number
  mapping: number
  any: number
}

/**
 * Certificate policies over a path, anchor left out (RFC 5280 6.1.3 (d)–(f), 6.1.4 (a), (b), (h)–(j), 6.1.5 (a), (b),
 * (g), with the graph of RFC 9618). `path` has the leaf first. Gives the policies among those wanted under which the
 * path is valid; `2.5.29.32.0` stands for any. Empty is fine as long as nothing asks for an explicit policy.
 * Throws PkiError `policy`, `policy-mapping`.
 */
export function verifyPolicies(path: readonly Certificate[], options: PolicyOptions): readonly string[] {
  const below = path.slice(0, -1).reverse()
  const start = below.length + 1
  const counters: Counters = {
    explicit: options.requireExplicitPolicy ? 0 : start,
    mapping: options.inhibitPolicyMapping ? 0 : start,
    any: options.inhibitAnyPolicy ? 0 : start,
  }
  const graph = new PolicyGraph()
  below.forEach((certificate, i) => {
    const isLast = i === below.length - 1
    const anyCounts = counters.any > 0 || (!isLast && isSelfIssued(certificate))
    graph.descend(certificate.policies, anyCounts)
    if (counters.explicit === 0 && graph.isEmpty) {
      refuse('policy', 'RFC 5280 6.1.3 (f)', { subject: certificate.subject.text })
    }
    if (!isLast) prepareNext(certificate, graph, counters)
  })
  const leaf = below.at(-1)
  // 6.1.5 (a), (b): the leaf counts too, and may itself ask for an explicit policy.
  if (counters.explicit > 0) counters.explicit--
  if (leaf?.policyConstraints.requireExplicit === 0) counters.explicit = 0

  const valid = wantedOf(graph.authorityPolicies(), options.policies)
  if (counters.explicit === 0 && valid.length === 0) {
    refuse('policy', 'RFC 5280 6.1.5 (g)', { wanted: (options.policies ?? [ANY]).join(' ').slice(0, 256) })
  }
  return valid
}

function prepareNext(certificate: Certificate, graph: PolicyGraph, counters: Counters): void {
  const { policyMappings, policyConstraints, inhibitAnyPolicy } = certificate
  for (const { issuer, subject } of policyMappings) {
    if (issuer === ANY || subject === ANY) refuse('policy-mapping', 'RFC 5280 6.1.4 (a): any policy mapped')
  }
  if (policyMappings.length > 0) graph.map(policyMappings, counters.mapping > 0)
  if (!isSelfIssued(certificate)) {
    counters.explicit = Math.max(0, counters.explicit - 1)
    counters.mapping = Math.max(0, counters.mapping - 1)
    counters.any = Math.max(0, counters.any - 1)
  }
  counters.explicit = Math.min(counters.explicit, policyConstraints.requireExplicit ?? counters.explicit)
  counters.mapping = Math.min(counters.mapping, policyConstraints.inhibitMapping ?? counters.mapping)
  counters.any = Math.min(counters.any, inhibitAnyPolicy ?? counters.any)
}

/** What the caller asked for and the authorities allow. */
function wantedOf(allowed: ReadonlySet<string>, wanted: readonly string[] | undefined): string[] {
  if (!wanted || wanted.includes(ANY)) return [...allowed]
  return allowed.has(ANY) ? [...wanted] : wanted.filter((policy) => allowed.has(policy))
}
