import type { Json } from '../../shared/audit/json.ts'
import type { AuditIntent } from '../../server/audit/intent.ts'

/**
 * What a registration office writes, for benches: cases of eight entries (sign-in, holder, proofing, enrolment, card,
 * certificates), and now and then a change to someone registered long ago. Random numbers come from a seed.
 */
export const COMMON_WORD = 'italia'
export const RARE_EVERY = 20_000
const NAMED_AT = Date.UTC(2024, 0, 1)

const SYLLABLES = 'ba be bo ca co da de di fa fe ga go la le li lo ma me mi mo na ne ni no pa pe ra re ri ro sa se si'
const PARTS = SYLLABLES.split(' ')

export interface Sample {
  next(): AuditIntent
  /** Values that are in it, for queries. */
  readonly offices: readonly string[]
  readonly operators: readonly string[]
  readonly stations: readonly string[]
  readonly tenants: readonly string[]
}

/** A small generator with a seed (mulberry32): benches must meet the same data each time. */
const randomOf = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** One entry each `stepMs` from `startAt` on. */
export const sampleOf = (seed: number, startAt: number, stepMs = 30_000): Sample => {
  const random = randomOf(seed)
  const pick = <T>(of: readonly T[]): T => of[random(of.length)]!
  const word = (parts: number): string => Array.from({ length: parts }, () => pick(PARTS)).join('')
  const hex = (digits: number): string => Array.from({ length: digits }, () => random(16).toString(16)).join('')
  // As desks make them: random, in no order of time.
  const uuid = (): string => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`
  const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
  /** Ids as `newId` makes them, in order of time, but the same for each run. */
  const idOf = (prefix: string, at: number): string => {
    const time = Array.from({ length: 10 }, (_, place) => ALPHABET[Math.floor(at / 32 ** (9 - place)) % 32])
    return `${prefix}_${time.join('')}${Array.from({ length: 16 }, () => ALPHABET[random(32)]).join('')}`
  }
  const names = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, place) => idOf(prefix, NAMED_AT + place))
  const tenants = names('tenant', 3)
  const offices = names('office', 40)
  const operators = names('operator', 300)
  const stations = names('station', 120)
  const holders: string[] = []
  const queue: AuditIntent[] = []
  let made = 0

  const base = () => {
    const place = random(operators.length)
    const at = startAt + made * stepMs
    const office = offices[place % offices.length]!
    return {
      at,
      tenant: tenants[Math.max(0, (place % 10) - 7)]!,
      division: `division-${place % 8}`,
      office,
      operator: { id: operators[place]!, role: place % 9 === 0 ? 'HD' : 'RO', office },
      station: stations[place % stations.length]!,
      correlationId: uuid(),
    }
  }
  type Base = ReturnType<typeof base>

  const put = (
    from: Base,
    action: AuditIntent['action'],
    type: string,
    id: string,
    before: Json,
    after: Json,
  ): void => {
    const at = startAt + made * stepMs
    const rare = made % RARE_EVERY === 7
    made += 1
    const reason = rare ? `zeppelin ${made}` : null
    queue.push({ ...from, id: idOf('intent', at), at, action, object: { type, id }, before, after, reason })
  }

  const holderOf = (id: string, office: string): Json => ({
    id,
    name: '',
    givenNames: capital(word(2)),
    familyName: capital(word(3)),
    birthDate: `19${40 + random(60)}-0${1 + random(9)}-1${random(10)}`,
    nationality: 'Italia',
    personalNumber: word(4).toUpperCase() + String(random(100_000)),
    email: `${word(2)}.${word(3)}@example.org`,
    office,
  })

  const newCase = (): void => {
    const who = base()
    const holder = idOf('holder', who.at)
    const enrolment = idOf('enrolment', who.at)
    const card = idOf('card', who.at)
    const serial = String(100_000_000 + random(800_000_000))
    if (holders.length < 200_000) holders.push(holder)
    else holders[random(holders.length)] = holder
    const state = (step: string): Json => ({
      id: enrolment,
      state: step,
      holderId: holder,
      profile: 'staff-piv',
      officer: who.operator.id,
      office: who.office,
      cardSerial: serial,
      signedAt: who.at,
      handedOverAt: null,
      interruption: null,
    })
    const cardOf = (now: string): Json => ({
      id: card,
      name: serial,
      serial,
      state: now,
      reason: null,
      holderId: holder,
      enrolmentId: enrolment,
      profile: 'staff-piv',
      expiresAt: who.at + 1000,
      office: who.office,
    })
    const session = idOf('session', who.at)
    put(who, 'Login', 'session', session, null, { id: session, station: who.station, method: 'card' })
    put(base(), 'Insertion', 'holder', holder, null, holderOf(holder, who.office))
    const later = { ...who, correlationId: uuid() }
    put(later, 'Insertion', 'enrolment', enrolment, null, state('draft'))
    put(later, 'Modification', 'enrolment', enrolment, state('draft'), state('proofed'))
    put(later, 'Insertion', 'card', card, null, cardOf('personalising'))
    const certificate = idOf('certificate', who.at)
    put(later, 'Insertion', 'certificate', certificate, null, { id: certificate, serial, slot: '9A', cardId: card })
    put(later, 'Modification', 'card', card, cardOf('personalising'), cardOf('active'))
    if (random(2) === 0) {
      const old = pick(holders)
      put(base(), 'Modification', 'holder', old, holderOf(old, who.office), holderOf(old, who.office))
    } else put(base(), 'AccessDenied', 'route', 'listAudit', null, { right: 'audit.read' })
  }

  return {
    offices,
    operators,
    stations,
    tenants,
    next: () => {
      if (queue.length === 0) newCase()
      return queue.shift()!
    },
  }
}
