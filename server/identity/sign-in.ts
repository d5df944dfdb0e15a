import { hash } from 'node:crypto'
import {
  AppError,
  type ConsoleAnswer,
  type ConsoleRequest,
  type ConsoleRequestView,
  type PublicJwk,
  type Role,
  type SignInAnswer,
  type SignInChallenge,
  type SignInRequest,
} from '../../shared/contract/index.ts'
import type { Directory, OfficeEntry } from '../db/repositories/directory.ts'
import {
  findOperator,
  findStation,
  listGrants,
  setStationSeen,
  type StationRowStored,
} from '../db/repositories/operators.ts'
import type { OperationalDatabase } from '../db/schema.ts'
import type { Author, Changes } from '../services/change.ts'
import { Challenges, deriveProofKey } from './challenges.ts'
import { ConsoleRequests } from './console-requests.ts'
import type { NonceSource } from '../hsm/mixed-random.ts'
import type { Denials } from './denials.ts'
import { abilityOf, chooseRole, isOfficeAllowed, resolveGrants } from './grants.ts'
import type { Knock } from './knock.ts'
import { mayUse, type ResolvedGrantList } from './permission.ts'
import type { LiveSession, Sessions } from './sessions.ts'
import { assertStatement, assertStationSigned, parseStatement } from './statement.ts'
import { SIGN_IN_USAGE, type TrustedSigners, type VerifiedOperatorSignature } from './trusted-signers.ts'

export interface SignInDeps {
  readonly serverName: string
  /** Left out: this machine's generator alone. */
  readonly nonces?: NonceSource
  /** SHA-256 of the DER of the TLS certificate this server shows, base64url. */
  readonly tlsDigest: string
  readonly db: OperationalDatabase
  readonly directory: Directory
  readonly changes: Changes
  readonly sessions: Sessions
  readonly signers: TrustedSigners
  readonly denials: Denials
}
interface Placed {
  readonly role: Role
  readonly office: OfficeEntry | null
}

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'))
const fingerprintOf = (verified: VerifiedOperatorSignature): string => hash('sha256', verified.certificate.der)

/** Sign-in with a card, for desks and, through a desk, for consoles (DESIGN 4.4). Every refusal is audited with its code. */
export class SignIn {
  readonly #deps: SignInDeps
  readonly #challenges: Challenges
  readonly #consoles: ConsoleRequests

  constructor(deps: SignInDeps) {
    this.#deps = deps
    this.#challenges = new Challenges(deps.serverName, deps.nonces)
    this.#consoles = new ConsoleRequests(deps.serverName, deps.nonces)
  }

  /** Throws STATION_UNKNOWN. */
  async challenge(station: string, knock: Knock): Promise<SignInChallenge> {
    await this.#station(station)
    return this.#challenges.create(station, knock.at)
  }

  /**
   * Opens a session; durable and audited when it returns. Throws SIGN_IN_CHALLENGE_INVALID, SIGN_IN_STATEMENT_INVALID,
   * STATION_UNKNOWN, CERTIFICATE_*, CA_UNAVAILABLE, OPERATOR_NOT_FOUND, OPERATOR_SUSPENDED, ACCESS_DENIED.
   */
  async signIn(request: SignInRequest, knock: Knock): Promise<SignInAnswer> {
    const known: { station: string | null; operator: string | null } = { station: null, operator: null }
    try {
      return await this.#signIn(request, knock, known)
    } catch (error) {
      if (error instanceof AppError) await this.#deps.denials.signInFailed(error.code, known, knock)
      throw error
    }
  }

  async #signIn(
    request: SignInRequest,
    knock: Knock,
    known: { station: string | null; operator: string | null },
  ): Promise<SignInAnswer> {
    const { at } = knock
    const challenge = this.#challenges.take(request.challenge, at)
    const station = await this.#station(challenge.station)
    known.station = station.id
    const statementBytes = bytesOf(request.statement)
    const cms = bytesOf(request.cms)
    const statement = parseStatement(statementBytes)
    assertStatement(statement, {
      type: 'countersign/sign-in/v1',
      challenge: challenge.id,
      nonce: challenge.nonce,
      station: station.id,
      console: null,
      at,
      ...this.#server(),
    })
    assertStationSigned(station.public_key, cms, bytesOf(request.stationSignature))
    const verified = await this.#verifyCard(cms, statementBytes, at, (operator) => (known.operator = operator))
    const proofKey = deriveProofKey(challenge, statement.sessionKey)
    const { operatorId } = verified.registered
    const placed = await this.#place(operatorId, request.office, station, at)
    const made = {
      kind: 'desk' as const,
      operatorId,
      role: placed.role,
      office: placed.office?.id ?? null,
      division: placed.office?.divisionId ?? null,
      station: station.id,
      cardSerial: request.cardSerial,
      sessionKey: statement.sessionKey,
      proofKey,
      certificate: fingerprintOf(verified),
      certificateEnd: verified.certificate.notAfter.getTime(),
    }
    const author = this.#author(knock, operatorId, placed, station.id)
    const { token, session } = await this.#deps.changes.as(author, async (trx, tell) => {
      const opened = await this.#deps.sessions.create(trx, made, at)
      await setStationSeen(trx, station.id, at)
      await tell({
        action: 'Login',
        object: { type: 'session', id: opened.session.id },
        after: this.#snapshot(opened.session, verified, knock),
        place: { division: made.division, office: made.office },
      })
      return opened
    })
    this.#deps.sessions.admit(session)
    return { token, session: session.view }
  }

  openConsole(sessionKey: PublicJwk, browser: string, knock: Knock): ConsoleRequest {
    return this.#consoles.open(sessionKey, { address: knock.address, browser }, knock.at)
  }

  consoleAnswer(id: string, knock: Knock): ConsoleAnswer {
    return this.#consoles.answer(id, knock.at)
  }

  findConsole(code: string, at: number): ConsoleRequestView {
    return this.#consoles.find(code, at)
  }

  /** Signs the console in as the approver. The statement must be signed by the approver's own card, from their station. */
  async approveConsole(
    approver: LiveSession,
    code: string,
    signed: { readonly statement: string; readonly cms: string },
    knock: Knock,
  ): Promise<void> {
    const station = approver.view.station?.id
    if (station === undefined) throw new AppError('ACCESS_DENIED', { reason: 'station-needed' })
    const { at } = knock
    const request = this.#consoles.take(code, at)
    const known = { station, operator: approver.view.operator.id }
    try {
      const statementBytes = bytesOf(signed.statement)
      const statement = parseStatement(statementBytes)
      assertStatement(statement, {
        type: 'countersign/console-sign-in/v1',
        challenge: request.exchange.id,
        nonce: request.exchange.nonce,
        station,
        console: { request: request.exchange.id, code: request.code },
        at,
        ...this.#server(),
      })
      const { x, y } = statement.sessionKey
      if (x !== request.sessionKey.x || y !== request.sessionKey.y)
        throw new AppError('SIGN_IN_STATEMENT_INVALID', { reason: 'session-key' })
      const verified = await this.#verifyCard(bytesOf(signed.cms), statementBytes, at)
      const { operatorId } = verified.registered
      if (operatorId !== approver.view.operator.id)
        throw new AppError('SIGN_IN_STATEMENT_INVALID', { reason: 'other-operator' })
      await this.#openConsoleSession(request.exchange.id, verified, knock)
    } catch (error) {
      // One try per code: a wrong statement may not be followed by a better one.
      this.#consoles.refuse(request.exchange.id)
      if (error instanceof AppError) await this.#deps.denials.signInFailed(error.code, known, knock)
      throw error
    }
  }

  async #openConsoleSession(requestId: string, verified: VerifiedOperatorSignature, knock: Knock): Promise<void> {
    const { operatorId } = verified.registered
    const request = this.#consoles.get(requestId, knock.at)
    const grants = await this.#grants(operatorId, knock.at)
    if (!mayUse(abilityOf(grants), 'console.use')) throw new AppError('ACCESS_DENIED', { right: 'console.use' })
    const role = chooseRole(
      grants.filter((grant) => mayUse(abilityOf([grant]), 'console.use')),
      null,
    )
    if (!role) throw new AppError('ACCESS_DENIED', { right: 'console.use' })
    const made = {
      kind: 'console' as const,
      operatorId,
      role,
      office: null,
      division: null,
      station: null,
      cardSerial: null,
      sessionKey: request.sessionKey,
      proofKey: deriveProofKey(request.exchange, request.sessionKey),
      certificate: fingerprintOf(verified),
      certificateEnd: verified.certificate.notAfter.getTime(),
    }
    const author = this.#author(knock, operatorId, { role, office: null }, null)
    const { token, session } = await this.#deps.changes.as(author, async (trx, tell) => {
      const opened = await this.#deps.sessions.create(trx, made, knock.at)
      const object = { type: 'session', id: opened.session.id } as const
      await tell({ action: 'Login', object, after: this.#snapshot(opened.session, verified, knock) })
      return opened
    })
    this.#deps.sessions.admit(session)
    this.#consoles.approve(requestId, { token, session: session.view })
  }

  #verifyCard(
    cms: Uint8Array,
    content: Uint8Array,
    at: number,
    onOperator: (operatorId: string) => void = () => undefined,
  ): Promise<VerifiedOperatorSignature> {
    const { signers, directory } = this.#deps
    return signers.verify({ cms, content, tenant: directory.tenant, at, onOperator, ...SIGN_IN_USAGE })
  }

  async #station(id: string): Promise<StationRowStored> {
    const station = await findStation(this.#deps.db, this.#deps.directory.tenant, id)
    if (!station) throw new AppError('STATION_UNKNOWN')
    if (station.status !== 'active') throw new AppError('STATION_UNKNOWN', { reason: 'suspended' })
    return station
  }

  async #grants(operatorId: string, at: number): Promise<ResolvedGrantList> {
    const { db, directory } = this.#deps
    const operator = await findOperator(db, directory.tenant, operatorId)
    if (!operator) throw new AppError('OPERATOR_NOT_FOUND')
    if (operator.status !== 'active') throw new AppError('OPERATOR_SUSPENDED')
    return resolveGrants(directory, await listGrants(db, directory.tenant, [operatorId], at)).resolved
  }

  /** The office asked for, else the station's, else the one office granted; a grant must cover it. */
  async #place(operatorId: string, asked: string | null, station: StationRowStored, at: number): Promise<Placed> {
    const { directory } = this.#deps
    const grants = await this.#grants(operatorId, at)
    if (asked !== null) {
      const office = directory.office(asked)
      if (!office || !isOfficeAllowed(grants, office)) throw new AppError('ACCESS_DENIED', { reason: 'office' })
      return this.#role(grants, office)
    }
    const here = directory.office(station.office)
    if (here && isOfficeAllowed(grants, here)) return this.#role(grants, here)
    const granted = grants.flatMap(({ scope }) => (scope.kind === 'office' ? [directory.office(scope.office)] : []))
    return this.#role(grants, granted.find((office) => office !== null) ?? null)
  }

  #role(grants: ResolvedGrantList, office: OfficeEntry | null): Placed {
    const role = chooseRole(grants, office)
    if (!role) throw new AppError('ACCESS_DENIED', { reason: 'no-grant' })
    return { role, office }
  }

  #server() {
    return { serverName: this.#deps.serverName, serverCertificate: this.#deps.tlsDigest }
  }

  #author({ correlationId, at }: Knock, operatorId: string, placed: Placed, station: string | null): Author {
    const operator = { id: operatorId, role: placed.role, office: placed.office?.id ?? null }
    return { tenant: this.#deps.directory.tenant, operator, station, correlationId, at }
  }

  #snapshot(session: LiveSession, verified: VerifiedOperatorSignature, knock: Knock) {
    return {
      id: session.id,
      name: session.view.operator.name,
      kind: session.view.kind,
      role: session.view.role,
      station: session.view.station?.id ?? null,
      cardSerial: session.view.cardSerial,
      certificateSerial: verified.registered.serial,
      address: knock.address,
    }
  }
}
