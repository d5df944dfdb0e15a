import { AppError } from '../../shared/contract/errors.ts'
import {
  parseCertificate,
  readSignedTimeStamp,
  verifyTimeStampToken,
  type Certificate,
  type MessageImprint,
  type ValidationData,
} from '../../shared/pki/index.ts'
import type { StampedImprint, TimestampClient } from '../timestamp/client.ts'
import type { RevocationAuthorities } from './revocation-words.ts'
import type { SignatureLevel } from './signatures.ts'

export interface LastingDeps {
  readonly stamps: Pick<TimestampClient, 'isConfigured' | 'anchors' | 'stampImprint'>
  readonly revocation: RevocationAuthorities
  readonly now?: () => Date
}

/** What makes signatures last, whatever their form: time-stamps, and the words of those who say what is revoked. */
export class Lasting {
  readonly #deps: LastingDeps

  constructor(deps: LastingDeps) {
    this.#deps = deps
  }

  get isStamped(): boolean {
    return this.#deps.stamps.isConfigured
  }

  get timeStampAnchors(): readonly Certificate[] {
    return this.#deps.stamps.anchors
  }

  now(): Date {
    return (this.#deps.now ?? (() => new Date()))()
  }

  /** Throws SIGNING_LEVEL_UNAVAILABLE `no-time-stamping`. */
  assertStamped(level: SignatureLevel): void {
    if (level !== 'B-B' && !this.isStamped) {
      throw new AppError('SIGNING_LEVEL_UNAVAILABLE', { level, reason: 'no-time-stamping' })
    }
  }

  /** Throws TIMESTAMP_UNAVAILABLE. */
  stamp(imprint: MessageImprint): Promise<StampedImprint> {
    return this.#deps.stamps.stampImprint(imprint)
  }

  /**
   * Everything a verifier will need for these paths, each leaf first and anchor last, when nobody answers any more. Our
   * own lists are at least as new as `since`: one from before the signature says nothing of it. Throws as `wordsAbout`.
   */
  async dataFor(paths: readonly (readonly Certificate[])[], since: Date): Promise<ValidationData> {
    const found = new Map<string, Uint8Array>()
    const crls: Uint8Array[] = []
    const ocsp: Uint8Array[] = []
    for (const path of paths) {
      for (const { der } of path) found.set(Buffer.from(der).toString('base64'), der)
      const words = await this.#deps.revocation.wordsAbout(path, since)
      crls.push(...words.crls)
      ocsp.push(...words.ocsp)
    }
    return { certificates: [...found.values()], crls: distinct(crls), ocsp: distinct(ocsp) }
  }

  /** The path of the authority that made a token which is kept, as it was then. Throws PkiError. */
  pathOf(token: Uint8Array, material: readonly Uint8Array[]): readonly Certificate[] {
    const { info } = readSignedTimeStamp(token)
    const verified = verifyTimeStampToken(token, {
      imprint: info.imprint,
      anchors: this.timeStampAnchors,
      intermediates: material.map((der) => parseCertificate(der)),
      revocation: 'none',
      now: this.now(),
    })
    return verified.path
  }
}

const distinct = (items: readonly Uint8Array[]): Uint8Array[] => [
  ...new Map(items.map((item) => [Buffer.from(item).toString('base64'), item])).values(),
]

/** When the certificate that made the token ends. Nothing is verified. Throws PkiError. */
export const endOfToken = (token: Uint8Array): Date => readSignedTimeStamp(token).signed.signer.notAfter
