import { z } from 'zod'
import { Base64, Base64Url, Id, PublicJwk, Text, TimeMs } from './scalars.ts'
import { SessionView } from './views.ts'

/**
 * Card sign-in (DESIGN 4.4). The server hands out a nonce and its own ephemeral P-256 key; the card signs, as detached
 * CAdES with the 9A key, the RFC 8785 bytes of `SignInStatement`, which names a fresh session key. Both ends derive
 *   proofKey = HKDF-SHA256(ikm = ECDH(session, ephemeral), salt = nonce bytes, info = "countersign session v1", 32 bytes).
 * The session token alone is worth nothing: every request carries a proof under proofKey.
 */
export const SESSION_INFO = 'countersign session v1'

export const SignInChallenge = z.strictObject({
  id: Id,
  nonce: Base64Url(32).length(43),
  serverName: Text(200),
  ephemeralKey: PublicJwk,
  expiresAt: TimeMs,
})
export type SignInChallenge = z.infer<typeof SignInChallenge>

export const SignInStatement = z.strictObject({
  type: z.enum(['countersign/sign-in/v1', 'countersign/console-sign-in/v1']),
  challenge: Id,
  nonce: Base64Url(32).length(43),
  serverName: Text(200),
  /** SHA-256 of the DER of the TLS certificate the station sees, base64url. */
  serverCertificate: Base64Url(32).length(43),
  station: Id,
  sessionKey: PublicJwk,
  /** For a console: the request and the code the operator typed. */
  console: z.strictObject({ request: Id, code: z.string().max(12) }).nullable(),
  time: TimeMs,
})
export type SignInStatement = z.infer<typeof SignInStatement>

export const SignInRequest = z.strictObject({
  challenge: Id,
  /** RFC 8785 bytes of the statement, as signed. */
  statement: Base64(4096),
  /** Detached CMS SignedData (RFC 5652) by the operator's card. */
  cms: Base64(16_384),
  /** ECDSA P-256 signature (DER) of the station's key over SHA-256 of the CMS: only a registered station may bring it. */
  stationSignature: Base64(200),
  cardSerial: z.string().max(64).nullable(),
  office: Id.nullable(),
})
export type SignInRequest = z.infer<typeof SignInRequest>

export const SignInAnswer = z.strictObject({ token: Base64Url(32).length(43), session: SessionView })
export type SignInAnswer = z.infer<typeof SignInAnswer>

/**
 * Proof of possession, header `Session-Proof: t=<ms>;n=<counter>;m=<base64url HMAC-SHA256>` beside
 * `Authorization: Countersign <token>`. The MAC covers `proofInput`. `n` grows with each request of a session; the
 * server keeps a sliding window of 1024 (as RFC 4303 §3.4.3) and refuses what it saw, what is older than the window,
 * what is more than 60 s away from its clock, and what was made before it started.
 */
export const PROOF_HEADER = 'session-proof'
export const PROOF_SCHEME = 'Countersign'
export const PROOF_WINDOW = 1024
export const PROOF_SKEW_MS = 60_000
export interface ProofParts {
  method: string
  /** Path with query, exactly as sent. */
  path: string
  timeMs: number
  counter: number
  /** SHA-256 of the body bytes as sent, base64url; of no bytes where there is no body. */
  bodyDigest: string
  token: string
}
export const proofInput = (p: ProofParts): string =>
  `countersign-proof-v1\n${p.method.toUpperCase()}\n${p.path}\n${p.timeMs}\n${p.counter}\n${p.bodyDigest}\n${p.token}`
export const formatProof = (timeMs: number, counter: number, mac: string): string => `t=${timeMs};n=${counter};m=${mac}`
export const PROOF_PATTERN = /^t=(\d{13});n=(\d{1,15});m=([A-Za-z0-9_-]{43})$/

/** A console asks to be signed in; an operator approves it at a desk, with their card. In the manner of RFC 8628. */
export const ConsoleRequest = z.strictObject({
  id: Id,
  code: z.string().regex(/^[B-DF-HJ-NP-TV-Z2-9]{4}-[B-DF-HJ-NP-TV-Z2-9]{4}$/),
  nonce: Base64Url(32).length(43),
  ephemeralKey: PublicJwk,
  expiresAt: TimeMs,
})
export type ConsoleRequest = z.infer<typeof ConsoleRequest>
export const ConsoleRequestView = z.strictObject({
  id: Id,
  address: z.string().max(100),
  browser: z.string().max(300),
  sessionKey: PublicJwk,
  nonce: Base64Url(32).length(43),
  serverName: Text(200),
  createdAt: TimeMs,
  expiresAt: TimeMs,
})
export type ConsoleRequestView = z.infer<typeof ConsoleRequestView>
export const ConsoleAnswer = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('waiting') }),
  z.strictObject({ state: z.literal('refused') }),
  z.strictObject({ state: z.literal('approved'), token: Base64Url(32).length(43), session: SessionView }),
])
export type ConsoleAnswer = z.infer<typeof ConsoleAnswer>
