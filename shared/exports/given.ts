import { digest, toHex, type Certificate } from '../pki/index.ts'
import type { Given, GivenAnchor } from './report.ts'
import type { Trust } from './trust.ts'

const anchorOf = ({ subject, der }: Certificate): GivenAnchor => ({
  subject: subject.text,
  sha256: toHex(digest('sha256', der)),
})

/** What a verdict was asked for with. `more`: of a package. */
export const givenOf = (
  { now, revocation, anchors, timeStampAnchors, signers }: Trust,
  more: {
    readonly depth?: 'full' | 'quick'
    readonly origins?: readonly string[]
    readonly witnesses?: readonly string[]
  } = {},
): Given => ({
  at: now.toISOString(),
  revocation,
  depth: more.depth ?? null,
  origins: more.origins ?? [],
  witnesses: more.witnesses ?? [],
  signers: signers ?? null,
  anchors: anchors.map(anchorOf),
  timeStampAnchors: timeStampAnchors?.map(anchorOf) ?? null,
})
