import { contextTag, DerCursor, readDer, readOid, readSmallInteger, sequence, TAG } from './der-read.ts'
import type { Extension } from './extension.ts'
import { readGeneralName } from './general-name.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import type { GeneralName, NameConstraints } from './types.ts'

// What a CA says about the certificates below it: RFC 5280 4.2.1.4, 4.2.1.5, 4.2.1.10, 4.2.1.11, 4.2.1.14.

const MAX_POLICIES = 64
const MAX_SUBTREES = 256
/** Address and mask (4.2.1.10). */
const IP_RANGE = [8, 32]

/** Qualifiers are read over: they are words for people, and nothing here shows them. */
export function readPolicies(fields: DerCursor): string[] {
  const oids = fields.rest(MAX_POLICIES).map((node) => {
    const policy = sequence(node, 'PolicyInformation')
    const oid = readOid(policy.next())
    policy.optional(TAG.sequence)
    policy.end()
    return oid
  })
  if (oids.length === 0) refuse('malformed', 'RFC 5280 4.2.1.4: SIZE (1..MAX)')
  if (new Set(oids).size !== oids.length) refuse('malformed', 'RFC 5280 4.2.1.4: policy twice')
  return oids
}

export function readPolicyMappings(fields: DerCursor): { readonly issuer: string; readonly subject: string }[] {
  const pairs = fields.rest(MAX_POLICIES).map((node) => {
    const pair = sequence(node, 'PolicyMapping')
    const issuer = readOid(pair.next())
    const subject = readOid(pair.next())
    pair.end()
    return { issuer, subject }
  })
  return pairs.length > 0 ? pairs : refuse('malformed', 'RFC 5280 4.2.1.5: SIZE (1..MAX)')
}

export function readPolicyConstraints(fields: DerCursor): {
  readonly requireExplicit: number | null
  readonly inhibitMapping: number | null
} {
  const explicit = fields.optional(contextTag(0, false))
  const mapping = fields.optional(contextTag(1, false))
  if (!explicit && !mapping) refuse('malformed', 'RFC 5280 4.2.1.11: empty')
  return {
    requireExplicit: explicit && readSmallInteger(explicit, contextTag(0, false)),
    inhibitMapping: mapping && readSmallInteger(mapping, contextTag(1, false)),
  }
}

export function readInhibitAnyPolicy(extensions: ReadonlyMap<string, Extension>): number | null {
  const extension = extensions.get(OID.inhibitAnyPolicy)
  return extension ? readSmallInteger(readDer(extension.value)) : null
}

export function readNameConstraints(fields: DerCursor): NameConstraints {
  const subtrees = (n: number): GeneralName[] => {
    const node = fields.optional(contextTag(n, true))
    if (!node) return []
    const list = new DerCursor(node, contextTag(n, true), 'GeneralSubtrees').rest(MAX_SUBTREES)
    if (list.length === 0) refuse('malformed', 'RFC 5280 4.2.1.10: GeneralSubtrees SIZE (1..MAX)')
    return list.map((item) => {
      const subtree = sequence(item, 'GeneralSubtree')
      const base = readGeneralName(subtree.next(), IP_RANGE)
      // minimum is zero and maximum absent in this profile; with either, the meaning would be another.
      if (!subtree.done) refuse('name-constraints', 'RFC 5280 4.2.1.10: minimum or maximum')
      return base
    })
  }
  const permitted = subtrees(0)
  const excluded = subtrees(1)
  if (permitted.length + excluded.length === 0) refuse('malformed', 'RFC 5280 4.2.1.10: empty')
  return { permitted, excluded }
}
