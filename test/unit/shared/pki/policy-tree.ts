import type { Certificate, PolicyOptions } from '../../../../shared/pki/index.ts'

// The valid policy TREE as RFC 5280 6.1 describes it, step by step and exponential: the yardstick for the graph.

const ANY = '2.5.29.32.0'

interface Node {
  readonly policy: string
  readonly depth: number
  readonly parent: Node | null
  expected: Set<string>
  children: Node[]
}

const nodeOf = (policy: string, parent: Node | null, expected: Iterable<string> = [policy]): Node => {
  const node = { policy, depth: (parent?.depth ?? -1) + 1, parent, expected: new Set(expected), children: [] }
  parent?.children.push(node)
  return node
}

class Tree {
  root: Node | null = nodeOf(ANY, null)

  at(depth: number): Node[] {
    const walk = (node: Node): Node[] => (node.depth === depth ? [node] : node.children.flatMap(walk))
    return this.root ? walk(this.root) : []
  }

  remove(node: Node): void {
    if (!node.parent) this.root = null
    else node.parent.children = node.parent.children.filter((one) => one !== node)
  }

  /** Deletes childless nodes above `depth`. */
  prune(depth: number): void {
    for (let d = depth - 1; d >= 0; d--) {
      for (const node of this.at(d)) if (node.children.length === 0) this.remove(node)
    }
  }
}

/** The user-constrained policy set, or null where the path is not valid. `path`: below the anchor, first CA first. */
export function judgeByTree(
  path: readonly (Pick<Certificate, 'policies' | 'policyMappings' | 'policyConstraints' | 'inhibitAnyPolicy'> & {
    readonly selfIssued: boolean
  })[],
  options: PolicyOptions,
): ReadonlySet<string> | null {
  const n = path.length
  const tree = new Tree()
  let explicit = options.requireExplicitPolicy ? 0 : n + 1
  let mapping = options.inhibitPolicyMapping ? 0 : n + 1
  let any = options.inhibitAnyPolicy ? 0 : n + 1
  for (const [index, one] of path.entries()) {
    const i = index + 1
    if (one.policies.length === 0) tree.root = null
    for (const policy of one.policies.filter((policy) => policy !== ANY)) {
      const above = tree.at(i - 1)
      const matching = above.filter((node) => node.expected.has(policy))
      for (const node of matching) nodeOf(policy, node)
      if (matching.length === 0) for (const node of above) if (node.policy === ANY) nodeOf(policy, node)
    }
    if (one.policies.includes(ANY) && (any > 0 || (i < n && one.selfIssued))) {
      for (const node of tree.at(i - 1)) {
        for (const policy of node.expected) {
          if (!node.children.some((child) => child.policy === policy)) nodeOf(policy, node)
        }
      }
    }
    tree.prune(i)
    if (explicit === 0 && !tree.root) return null
    if (i === n) break
    if (one.policyMappings.some((pair) => pair.issuer === ANY || pair.subject === ANY)) return null
    for (const issuer of new Set(one.policyMappings.map((pair) => pair.issuer))) {
      const subjects = one.policyMappings.filter((pair) => pair.issuer === issuer).map((pair) => pair.subject)
      const nodes = tree.at(i)
      const mapped = nodes.filter((node) => node.policy === issuer)
      if (mapping === 0) {
        for (const node of mapped) tree.remove(node)
        tree.prune(i)
      } else if (mapped.length > 0) for (const node of mapped) node.expected = new Set(subjects)
      else for (const node of nodes) if (node.policy === ANY) nodeOf(issuer, node.parent, subjects)
    }
    if (!one.selfIssued) {
      explicit = Math.max(0, explicit - 1)
      mapping = Math.max(0, mapping - 1)
      any = Math.max(0, any - 1)
    }
    explicit = Math.min(explicit, one.policyConstraints.requireExplicit ?? explicit)
    mapping = Math.min(mapping, one.policyConstraints.inhibitMapping ?? mapping)
    any = Math.min(any, one.inhibitAnyPolicy ?? any)
  }
  if (explicit > 0) explicit--
  if (path.at(-1)?.policyConstraints.requireExplicit === 0) explicit = 0
  const left = intersect(tree, n, options.policies)
  return explicit === 0 && left.size === 0 ? null : left
}

/** 6.1.5 (g), in the anchor's own terms. */
function intersect(tree: Tree, n: number, wanted: readonly string[] | undefined): ReadonlySet<string> {
  const all = Array.from({ length: n + 1 }, (_, depth) => tree.at(depth)).flat()
  const top = all.filter((node) => node.parent?.policy === ANY)
  const free = all.some((node) => node.depth === n && node.policy === ANY)
  const named = new Set(top.filter((node) => node.policy !== ANY).map((node) => node.policy))
  if (!wanted || wanted.includes(ANY)) return free ? named.add(ANY) : named
  return new Set(wanted.filter((policy) => free || named.has(policy)))
}
