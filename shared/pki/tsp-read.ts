import { readSignedData } from './cms-parts.ts'
import { verifyTokenCertificate } from './cms-signing-certificate.ts'
import { verifyContent } from './cms-verify.ts'
import { digest } from './crypto.ts'
import { OID } from './oid.ts'
import { refuse } from './pki-error.ts'
import { parseTimeStampInfo, type TimeStampInfo } from './tsp-info.ts'
import { MAX_TIME_STAMP_BYTES } from './tsp-response.ts'

export interface SignedTimeStamp {
  /** A copy of the token's bytes. */
  readonly token: Uint8Array
  readonly info: TimeStampInfo
  readonly signed: ReturnType<typeof verifyContent>
}

/**
 * What a token says, signed by the certificate it carries and names (RFC 3161 2.4.2; RFC 5816). Whether that is an
 * authority anybody trusts, and when, is not judged: anyone can make such a token. Throws PkiError: `too-large`,
 * `content-missing`, and those of `verifySignedData`.
 */
export function readSignedTimeStamp(bytes: Uint8Array): SignedTimeStamp {
  if (bytes.length > MAX_TIME_STAMP_BYTES) refuse('too-large', 'time-stamp token', { limit: MAX_TIME_STAMP_BYTES })
  const token = new Uint8Array(bytes)
  const parts = readSignedData(token, OID.tstInfo)
  const content = parts.eContent ?? refuse('content-missing', 'RFC 3161 2.4.2: TSTInfo')
  const signed = verifyContent(parts, (hash) => digest(hash, content), 'any')
  verifyTokenCertificate(signed.attributes, signed.signer.der, parts.signerInfo.id)
  return { token, info: parseTimeStampInfo(content), signed }
}
