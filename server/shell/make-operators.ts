import { hash } from 'node:crypto'
import { parseCertificate } from '../../shared/pki/index.ts'
import { AppError } from '../../shared/contract/index.ts'
import type { CaGateway, CertificateProfileName, IssuedCertificate } from '../ca/index.ts'
import { PROFILES } from '../ca/index.ts'
import { newId } from '../db/index.ts'
import { subjectNumber } from '../services/subject-number.ts'
import { cardSnapshot } from '../services/views.ts'
import { makeOnce, requireKey, type Making } from './organisation.ts'
import type { PlannedOperator, SetupResult } from './plan.ts'

const PROFILE_OF = { '9A': 'operator', '9C': 'signature', '9D': 'encryption', '9E': 'card-authentication' } as const
const DAY_MS = 86_400_000
/** The CA dates a certificate back by this much. */
const BACKDATED_MS = 5 * 60_000

export interface IssuingClock {
  /** What the CA takes for now, or null for the true time. */
  set(at: Date | null): void
}

interface Placing {
  readonly tenant: string
  readonly divisions: Readonly<Record<string, string>>
  readonly offices: Readonly<Record<string, string>>
}

const scopeId = (placing: Placing, scope: PlannedOperator['grants'][number]['scope']): string | null => {
  if (scope.kind === 'everything') return null
  return scope.kind === 'office'
    ? requireKey(placing.offices, 'office', scope.key)
    : requireKey(placing.divisions, 'division', scope.key)
}

/** Where the operator's own data lies: their first office, else the plan's first. */
const homeOf = async (making: Making, placing: Placing, operator: PlannedOperator) => {
  const granted = operator.grants.find((grant) => grant.scope.kind === 'office')?.scope
  const office =
    granted?.kind === 'office' ? requireKey(placing.offices, 'office', granted.key) : Object.values(placing.offices)[0]
  if (office === undefined) throw new AppError('CONFIG_INVALID', { reason: 'office-missing', path: 'plan.offices' })
  const { division } = await making.db
    .selectFrom('office')
    .select('division')
    .where('id', '=', office)
    .executeTakeFirstOrThrow()
  return { office, division }
}

const issuingTime = (operator: PlannedOperator, profile: CertificateProfileName): Date | null => {
  const { notBefore, notAfter } = operator.validity ?? {}
  if (notBefore !== undefined) return new Date(Date.parse(notBefore) + BACKDATED_MS)
  if (notAfter !== undefined) return new Date(Date.parse(notAfter) - PROFILES[profile].validityDays * DAY_MS)
  return null
}

/** An operator with grants, card and certificates; what is there is left as it is. */
export const makeOperator = async (
  making: Making,
  placing: Placing,
  operator: PlannedOperator,
  ca: CaGateway,
  clock: IssuingClock,
): Promise<SetupResult['operators'][string]> => {
  const { tenant } = placing
  const { key, name } = operator
  const email = operator.email ?? null
  const home = await homeOf(making, placing, operator)
  const grants = operator.grants.map(({ role, scope }) => ({ role, kind: scope.kind, id: scopeId(placing, scope) }))
  const snapshot = {
    name,
    email,
    grants: grants.map((grant) => `${grant.role} ${grant.kind} ${grant.id ?? ''}`.trim()),
  }
  const id = await makeOnce(
    making,
    { type: 'operator', kind: 'operator', key, tenant, snapshot },
    async (trx, made, at, tell) => {
      const times = { created_at: at, updated_at: at }
      await trx
        .insertInto('operator')
        .values({ id: made, tenant, ...home, name, email, status: 'active', ...times })
        .execute()
      for (const grant of grants) {
        const row = {
          id: newId('grant'),
          tenant,
          operator_id: made,
          role: grant.role,
          scope_kind: grant.kind,
          scope_id: grant.id,
        }
        await trx
          .insertInto('grant')
          .values({ ...row, tasks: null, valid_from: at, valid_to: null, ...times })
          .execute()
        const after = {
          name: `${grant.role} ${name}`,
          operator: made,
          role: grant.role,
          scope: grant.kind,
          scopeId: grant.id,
        }
        await tell({ action: 'Insertion', object: { type: 'grant', id: row.id }, after, reason: 'setup' })
      }
      const card = {
        id: newId('card'),
        tenant,
        ...home,
        serial: operator.card.serial,
        chuid: null,
        atr: null,
        state: 'active' as const,
        reason: 'operator',
        holder_id: null,
        card_profile: null,
        enrolment_id: null,
        expires_at: null,
      }
      await trx
        .insertInto('card')
        .values({ ...card, ...times })
        .execute()
      const after = cardSnapshot({ ...card, ...times, version: 1 })
      await tell({
        action: 'Insertion',
        object: { type: 'card', id: card.serial },
        after,
        place: home,
        reason: 'setup',
      })
    },
  )
  const certificates: Record<string, string> = {}
  const serials: Record<string, string> = {}
  for (const { slot, csr } of operator.certificates) {
    const profile = PROFILE_OF[slot]
    clock.set(issuingTime(operator, profile))
    const issued = await ca
      .issue({
        profile,
        csr: new Uint8Array(Buffer.from(csr, 'base64')),
        subject: { commonName: name.slice(0, 64), serialNumber: subjectNumber(id) },
        ...(email === null ? {} : { san: { email: [email] } }),
        idempotencyKey: `operator:${id}:${slot}`,
      })
      .finally(() => clock.set(null))
    await register(making, { tenant, ...home }, { id, slot, cardSerial: operator.card.serial }, issued)
    certificates[slot] = Buffer.from(issued.der).toString('base64')
    serials[slot] = issued.serial
  }
  return { id, certificates, serials }
}

/** Both sides of it: a certificate of a card, and one that an operator may sign in or sign records with. */
const register = async (
  making: Making,
  place: { readonly tenant: string; readonly division: string; readonly office: string },
  of: { readonly id: string; readonly slot: string; readonly cardSerial: string },
  issued: IssuedCertificate,
): Promise<void> => {
  const fingerprint = hash('sha256', issued.der)
  const known = await making.db
    .selectFrom('operator_certificate')
    .select('id')
    .where('fingerprint', '=', fingerprint)
    .executeTakeFirst()
  if (known) return
  const { tenant } = place
  const certificate = parseCertificate(issued.der)
  const author = making.author(tenant)
  const { at } = author
  const shared = {
    tenant,
    subject: certificate.subject.text,
    serial: issued.serial,
    der: issued.der,
    not_before: issued.notBefore.getTime(),
    not_after: issued.notAfter.getTime(),
    created_at: at,
    updated_at: at,
  }
  await making.changes.as(author, async (trx, tell) => {
    const card = await trx
      .selectFrom('card')
      .select('id')
      .where('tenant', '=', tenant)
      .where('serial', '=', of.cardSerial)
      .executeTakeFirst()
    const issuer = certificate.issuer.text
    const own = { id: newId('opcert'), operator_id: of.id, fingerprint, issuer, status: 'active' as const }
    await trx
      .insertInto('operator_certificate')
      .values({ ...shared, ...own })
      .execute()
    const id = newId('certificate')
    await trx
      .insertInto('certificate')
      .values({
        ...shared,
        id,
        division: place.division,
        office: place.office,
        card_id: card?.id ?? null,
        enrolment_id: null,
        holder_id: null,
        profile: issued.profile,
        slot: of.slot,
        state: 'issued',
        revoked_at: null,
        revocation_reason: null,
        request_key: `operator:${of.id}:${of.slot}`,
        csr: null,
      })
      .execute()
    const after = { id, name: shared.subject, serial: shared.serial, slot: of.slot, operator: of.id, fingerprint }
    await tell({ action: 'Insertion', object: { type: 'certificate', id }, after, reason: 'setup', place })
  })
}
