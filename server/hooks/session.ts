import type { FastifyRequest } from 'fastify'
import { AppError, PROOF_HEADER, PROOF_SCHEME } from '../../shared/contract/index.ts'
import type { Directory } from '../db/repositories/directory.ts'
import type { LiveSession, Sessions } from '../identity/sessions.ts'
import type { Actor } from '../services/call.ts'

const AUTHORIZATION = new RegExp(`^${PROOF_SCHEME} ([A-Za-z0-9_-]{43})$`)

/** The session of a request, its proof checked over the bytes as they came. Throws SESSION_*. */
export const readSession = (
  sessions: Sessions,
  request: FastifyRequest,
  body: Uint8Array,
  now: number,
): Promise<LiveSession> => {
  const match = AUTHORIZATION.exec(request.headers.authorization ?? '')
  if (!match?.[1]) throw new AppError('SESSION_REQUIRED')
  const proved = {
    header: request.headers[PROOF_HEADER],
    method: request.method,
    path: request.url,
    body,
    token: match[1],
  }
  return sessions.authenticate(proved, now)
}

const actors = new WeakMap<LiveSession, Actor>()

export const actorOf = (directory: Directory, session: LiveSession): Actor => {
  const known = actors.get(session)
  if (known) return known
  const office = directory.office(session.officeId)
  const actor: Actor = {
    sessionId: session.id,
    operator: session.view.operator,
    role: session.view.role,
    tenant: session.tenant,
    office: office && {
      id: office.id,
      name: office.name,
      division: office.divisionName,
      divisionId: office.divisionId,
    },
    station: session.view.station?.id ?? null,
    ability: session.ability,
  }
  actors.set(session, actor)
  return actor
}
