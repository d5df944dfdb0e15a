import type { Manifest } from './manifest.ts'
import type { Members } from './member-pass.ts'
import type { Check } from './report.ts'
import type { Trust } from './trust.ts'

/**
 * By when the manifest existed, and so what it lists: the newest time-stamp of a signer who passed, which is as much as
 * every older one proves. Null where none passed: a time-stamp beside a signature that does not stand proves nothing
 * here, whoever made it.
 */
const provedBy = (manifestSignature: readonly Check[]): Date | null => {
  const times = manifestSignature.flatMap(({ indication, facts }) =>
    indication === 'TOTAL-PASSED' && typeof facts['stampedAt'] === 'string' ? [Date.parse(facts['stampedAt'])] : [],
  )
  return times.length > 0 ? new Date(Math.max(...times)) : null
}

/**
 * What a member's signatures and time-stamps are judged with (EN 319 102-1 5.6.2.3): they need not last by themselves
 * where the manifest proves that this very member existed. One of another digest, put there later, gets nothing of it.
 */
export const openExistence = (
  { members: listed }: Manifest,
  members: Members,
  manifestSignature: readonly Check[],
): ((trust: Trust, name: string) => Trust) => {
  const existedBy = provedBy(manifestSignature)
  const digests = new Map(listed.map(({ name, sha256 }) => [name, sha256]))
  return (trust, name) => {
    const digest = members.digestOf(name)
    return existedBy && digest !== null && digest === digests.get(name) ? { ...trust, existedBy } : trust
  }
}
