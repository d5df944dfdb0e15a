import type { Certificate, RevocationSources } from '../pki/index.ts'

/** What the verifier is given, and all it trusts. */
export interface Trust extends RevocationSources {
  readonly anchors: readonly Certificate[]
  /** For time-stamping authorities. Default: `anchors`. */
  readonly timeStampAnchors?: readonly Certificate[]
  readonly intermediates?: readonly Certificate[]
  /** The present moment, or the one to judge for. */
  readonly now: Date
  /** `require`: without word of revocation nothing passes; `none`: the caller judges it by other means. */
  readonly revocation: 'require' | 'none'
  /** SHA-256 of certificates (hex) of which one must have signed. Left out: whoever an anchor vouches for. */
  readonly signers?: readonly string[]
  /** By when something outside proves that what is judged existed: then it need not last by itself. */
  readonly existedBy?: Date
}
