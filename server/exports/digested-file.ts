import type { HashState } from '../../shared/ades/index.ts'
import { fileContent } from '../signing/content.ts'
import type { Content } from '../signing/signatures.ts'

/** A digest that was taken while writing; nobody can go on from it. */
const taken = (digest: Uint8Array): HashState => ({
  update: () => {
    throw new RangeError('only the digest of this content is known')
  },
  copy: () => taken(digest),
  digest: () => Uint8Array.from(digest),
})

/** A file some digests of which are known, for signatures that name the content's digest alone (CMS); else it is read. */
export const digestedFile = (path: string, digests: Readonly<Record<string, Uint8Array>>): Content => {
  const whole = fileContent(path)
  return {
    contentHash: (hash) => {
      const digest = digests[hash]
      return digest ? taken(digest) : whole.contentHash(hash)
    },
  }
}
