import { createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, sign, type KeyObject } from 'node:crypto'
import type { JsonObject } from '../../../shared/audit/json.ts'
import { canonicalBytes } from '../../../shared/audit/jcs.ts'
import { PublicJwk, SESSION_INFO, type SignInChallenge, type SignInStatement } from '../../../shared/contract/index.ts'
import { TestClient, type Transport } from './client.ts'
import type { SoftCard } from './soft-card.ts'

export interface TestStation {
  readonly id: string
  readonly key: KeyObject
}

/** Every part of a sign-in that an attacker, or an accident, could make different. */
export interface SignInTwists {
  readonly statement?: Partial<SignInStatement> | ((statement: SignInStatement) => object)
  /** The bytes sent, when other than the bytes signed. */
  readonly sentStatement?: (bytes: Uint8Array) => Uint8Array
  readonly cms?: (cms: Uint8Array) => Uint8Array
  readonly signWith?: { readonly card: SoftCard; readonly slot: '9A' | '9C' }
  readonly stationKey?: KeyObject
  readonly challenge?: SignInChallenge
  readonly office?: string | null
  readonly cardSerial?: string | null
}

export interface SignInSetting {
  readonly transport: Transport
  readonly tlsDigest: string
  readonly station: TestStation
}

/** An ephemeral key and what it agrees on with the server. */
export const makeSessionKey = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  const jwk = PublicJwk.parse({ kty, crv, x, y })
  const derive = (ephemeral: PublicJwk, nonce: string): Uint8Array => {
    const other = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: ephemeral.x, y: ephemeral.y }, format: 'jwk' })
    const secret = diffieHellman({ privateKey, publicKey: other })
    return new Uint8Array(hkdfSync('sha256', secret, Buffer.from(nonce, 'base64url'), SESSION_INFO, 32))
  }
  return { jwk, derive }
}

/** Signs in as the desk does, or nearly so. */
export const signIn = async (
  setting: SignInSetting,
  card: SoftCard,
  twists: SignInTwists = {},
): Promise<TestClient> => {
  const { transport, tlsDigest, station } = setting
  const anyone = new TestClient(transport)
  const challenge = twists.challenge ?? (await anyone.call('createChallenge', { body: { station: station.id } }))
  const sessionKey = makeSessionKey()
  const honest: SignInStatement = {
    type: 'countersign/sign-in/v1',
    challenge: challenge.id,
    nonce: challenge.nonce,
    serverName: challenge.serverName,
    serverCertificate: tlsDigest,
    station: station.id,
    sessionKey: sessionKey.jwk,
    console: null,
    time: Date.now(),
  }
  const twisted = typeof twists.statement === 'function' ? twists.statement(honest) : { ...honest, ...twists.statement }
  const statement = canonicalBytes(twisted as JsonObject)
  const signer = twists.signWith ?? { card, slot: '9A' as const }
  const signed = await signer.card.sign(signer.slot, statement, true)
  const cms = twists.cms?.(signed) ?? signed
  const answer = await anyone.call('signIn', {
    body: {
      challenge: challenge.id,
      statement: Buffer.from(twists.sentStatement?.(statement) ?? statement).toString('base64'),
      cms: Buffer.from(cms).toString('base64'),
      stationSignature: sign('sha256', cms, twists.stationKey ?? station.key).toString('base64'),
      cardSerial: twists.cardSerial === undefined ? card.serial : twists.cardSerial,
      office: twists.office ?? null,
    },
  })
  const proofKey = sessionKey.derive(challenge.ephemeralKey, challenge.nonce)
  const at = { serverName: challenge.serverName, station: station.id, key: station.key }
  return new TestClient(transport, { token: answer.token, proofKey, session: answer.session, station: at })
}
