import { formatProof, PROOF_HEADER, PROOF_SCHEME, proofInput } from '../../../shared/contract/index.ts'
import { encodeBase64url } from './base64url.ts'

export interface ProvedRequest {
  readonly method: string
  /** Path with query, exactly as sent. */
  readonly path: string
  readonly body: Uint8Array<ArrayBuffer>
}

/** The two headers that prove a request (contract/session.ts). `counter` must be one this session never used. */
export const proveRequest = async (
  request: ProvedRequest,
  session: { readonly token: string; readonly proofKey: CryptoKey },
  timeMs: number,
  counter: number,
): Promise<Record<string, string>> => {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', request.body))
  const input = proofInput({
    method: request.method,
    path: request.path,
    timeMs,
    counter,
    bodyDigest: encodeBase64url(digest),
    token: session.token,
  })
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', session.proofKey, new TextEncoder().encode(input)))
  return {
    authorization: `${PROOF_SCHEME} ${session.token}`,
    [PROOF_HEADER]: formatProof(timeMs, counter, encodeBase64url(mac)),
  }
}
