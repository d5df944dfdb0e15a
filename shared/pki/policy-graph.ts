import { OID } from './oid.ts'

/** One policy at one depth. Its parents are at the depth above; merged, so that no more nodes exist than policies. */
interface PolicyNode {
  readonly policy: string
  readonly parents: Set<PolicyNode>
  expected: Set<string>
}

type Layer = Map<string, PolicyNode>

const ANY = OID.anyPolicy

/**
 * The valid policy graph of RFC 9618 5, which replaces the tree of RFC 5280 6.1.2 (a): same results, but a policy has
 * one node per depth however many ways lead to it, so that mappings cannot make it grow exponentially.
 */
export class PolicyGraph {
  /** By depth; the first is the anchor's "any policy". Null once no policy is valid. */
  #layers: Layer[] | null = [new Map([[ANY, { policy: ANY, parents: new Set(), expected: new Set([ANY]) }]])]

  get isEmpty(): boolean {
    return this.#layers === null
  }

  /** 5.1 (d), (e): one certificate deeper. `anyCounts`: may its "any policy" stand for others. */
  descend(policies: readonly string[], anyCounts: boolean): void {
    const above = this.#layers?.at(-1)
    if (!this.#layers || !above) return
    if (policies.length === 0) {
      this.#layers = null
      return
    }
    const layer: Layer = new Map()
    const any = above.get(ANY)
    for (const policy of policies) {
      if (policy === ANY) continue
      const parents = expecting(above, policy)
      if (parents.size === 0 && any) parents.add(any)
      if (parents.size > 0) layer.set(policy, nodeOf(policy, parents))
    }
    if (anyCounts && policies.includes(ANY)) {
      for (const parent of above.values()) {
        for (const policy of parent.expected) {
          const known = layer.get(policy)
          if (!known) layer.set(policy, nodeOf(policy, expecting(above, policy)))
        }
      }
    }
    this.#layers.push(layer)
    this.#prune()
  }

  /** 5.2 (b): a CA says which of its policies are which of its subject's, or, where mapping is inhibited, drops them. */
  map(mappings: readonly { readonly issuer: string; readonly subject: string }[], allowed: boolean): void {
    const layer = this.#layers?.at(-1)
    if (!this.#layers || !layer) return
    const any = layer.get(ANY)
    for (const issuer of new Set(mappings.map((pair) => pair.issuer))) {
      const node = layer.get(issuer)
      if (!allowed) {
        layer.delete(issuer)
        continue
      }
      const subjects = new Set(mappings.filter((pair) => pair.issuer === issuer).map((pair) => pair.subject))
      if (node) node.expected = subjects
      else if (any) layer.set(issuer, { policy: issuer, parents: new Set(any.parents), expected: subjects })
    }
    this.#prune()
  }

  /**
   * 5.3 (g): the policies, in the anchor's own terms, under which the path is valid. "Any policy" stands for all of
   * those not named.
   */
  authorityPolicies(): ReadonlySet<string> {
    const found = new Set<string>()
    const last = this.#layers?.at(-1)
    for (const layer of this.#layers ?? []) {
      for (const node of layer.values()) {
        const underAny = [...node.parents].some((parent) => parent.policy === ANY)
        if (underAny && (node.policy !== ANY || layer === last)) found.add(node.policy)
      }
    }
    return found
  }

  /** 5.1 (d) (3): nodes from which nothing leads on go, from the last but one upwards. */
  #prune(): void {
    if (!this.#layers) return
    for (let depth = this.#layers.length - 1; depth >= 0; depth--) {
      const below = this.#layers[depth + 1]
      const layer = this.#layers[depth]
      if (!layer) return
      if (below) {
        const alive = new Set([...below.values()].flatMap((node) => [...node.parents]))
        for (const node of layer.values()) if (!alive.has(node)) layer.delete(node.policy)
      }
      if (layer.size === 0) {
        this.#layers = null
        return
      }
    }
  }
}

const nodeOf = (policy: string, parents: Set<PolicyNode>): PolicyNode => ({
  policy,
  parents,
  expected: new Set([policy]),
})

const expecting = (layer: Layer, policy: string): Set<PolicyNode> =>
  new Set([...layer.values()].filter((node) => node.expected.has(policy)))
