import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  addMonths,
  classOf,
  DEFAULT_RETENTION,
  findTooShort,
  holdOf,
  takeWindow,
} from '../../../server/audit/retention-classes.ts'
import type { Evidence } from '../../../server/audit/retention-classes.ts'
import { TENANT } from '../../unit/server/jobs/jobs-bench.ts'
import { MONTH_MS, NOW, openRetention } from './retention-bench.ts'
import type { RetentionBench } from './retention-bench.ts'

const day = (text: string): number => Date.parse(`${text}T10:00:00Z`)
const iso = (at: number): string => new Date(at).toISOString().slice(0, 10)
const entry = (more: object) => ({
  at: day('2020-01-31'),
  action: 'Insertion',
  objectType: 'route',
  operatorRole: 'RO',
  ...more,
})
const until2025: Evidence = { kind: 'certificates', lastEnd: day('2025-06-01'), qualifiedFrom: null }
const qualified: Evidence = { kind: 'certificates', lastEnd: day('2025-06-01'), qualifiedFrom: day('2022-06-01') }

describe('when an entry is classified', () => {
  it.each([
    [{ action: 'Login', objectType: 'session', operatorRole: 'SA' }, 'administrator-access'],
    [{ action: 'AccessDenied', objectType: 'route', operatorRole: 'SA' }, 'administrator-access'],
    [{ action: 'Login', objectType: 'session', operatorRole: 'RO' }, 'events'],
    [{ action: 'LoginFailed', objectType: 'session', operatorRole: null }, 'events'],
    [{ action: 'Modification', objectType: 'operator', operatorRole: 'SA' }, 'events'],
    [{ action: 'Insertion', objectType: 'holder', operatorRole: 'RO' }, 'registration-evidence'],
    [{ action: 'Disclosure', objectType: 'secret-code', operatorRole: 'HD' }, 'registration-evidence'],
    [{ action: 'Deletion', objectType: 'certificate', operatorRole: 'SA' }, 'registration-evidence'],
    [{ action: 'KeyUse', objectType: 'audit-key', operatorRole: null }, 'events'],
  ])('%o is %s', (one, expected) => {
    expect(classOf(one)).toBe(expected)
  })
})

describe('when it is asked until when an entry is held', () => {
  const { classes } = DEFAULT_RETENTION
  const none: Evidence = { kind: 'none' }
  it.each([
    [
      'an administrator’s sign-in',
      entry({ action: 'Login', operatorRole: 'SA' }),
      none,
      'administrator-access',
      '2020-07-31',
    ],
    ['an event', entry({}), none, 'events', '2022-01-31'],
    ['a person nobody was certified for', entry({ objectType: 'holder' }), none, 'events', '2022-01-31'],
    ['a person with certificates', entry({ objectType: 'holder' }), until2025, 'registration-evidence', '2032-06-01'],
    ['a person with a qualified one', entry({ objectType: 'holder' }), qualified, 'italian-qualified', '2042-06-01'],
    [
      'a person who is gone',
      entry({ objectType: 'holder' }),
      { kind: 'unknown' } as const,
      'registration-evidence',
      '2037-01-31',
    ],
  ])('%s', (_, one, evidence, expected, until) => {
    const hold = holdOf(one, evidence, classes)
    expect([hold.class, iso(hold.until)]).toEqual([expected, until])
  })

  it.each([
    ['2020-01-31', 1, '2020-02-29'],
    ['2021-01-31', 1, '2021-02-28'],
    ['2020-02-29', 12, '2021-02-28'],
    ['2020-12-15', 1, '2021-01-15'],
    ['2020-03-31', -1, '2020-02-29'],
  ])('%s and %i months is %s', (from, months, to) => {
    expect(iso(addMonths(day(from), months))).toBe(to)
  })
})

describe('when window and classes are set', () => {
  it.each([
    [null, null, false],
    [1, 12, true],
    [11, 12, true],
    [12, 12, false],
    [120, 120, false],
  ])('a window of %s is taken as %s', (asked, months, wasRaised) => {
    expect(takeWindow(asked)).toEqual({ months, wasRaised })
  })

  it('a class may be longer than its law, never shorter', () => {
    const { classes } = DEFAULT_RETENTION
    expect(findTooShort(classes)).toBeNull()
    expect(findTooShort({ ...classes, events: 60 })).toBeNull()
    expect(findTooShort({ ...classes, 'registration-evidence': 83 })).toBe('registration-evidence')
  })
})

describe('when cleaning is planned', () => {
  let bench: RetentionBench
  beforeEach(async () => {
    bench = await openRetention()
  })
  afterEach(() => bench.close())
  const holder = async (id: string, lastEnd: number | null): Promise<void> => {
    const { db } = bench.databases.operational
    const row = { tenant: TENANT, created_at: 0, updated_at: 0, division: null, office: null }
    const person = { given_names: 'A', family_name: 'B', birth_date: '1990-01-01', nationality: 'ITA', search: 'a b' }
    const empty = { email: null, personal_number: null, document_type: null, document_number: null }
    await db
      .insertInto('holder')
      .values({ id, ...row, ...person, ...empty })
      .execute()
    if (lastEnd === null) return
    await db
      .insertInto('certificate')
      .values({
        id: `certificate_${id}`,
        ...row,
        serial: '01',
        issuer: 'x',
        card_id: null,
        enrolment_id: null,
        holder_id: id,
        profile: 'authentication',
        slot: '9A',
        subject: 'x',
        der: null,
        state: 'issued',
        not_before: 0,
        not_after: lastEnd,
        revoked_at: null,
        revocation_reason: null,
        request_key: id,
        csr: null,
      })
      .execute()
  }
  const about = (id: string) => (n: number) => (n === 270 ? { object: { type: 'holder', id } } : {})

  it('no window: nothing, and it says so', async () => {
    await bench.fill(300, NOW - 50 * MONTH_MS)
    bench.settings = { ...bench.settings, windowMonths: null }
    expect(await bench.plan()).toMatchObject({ verdict: 'window-unset', entries: 0, windowFrom: null })
  })

  it('never behind evidence that is held: the plan names class, entry and time', async () => {
    await holder('holder_held0001', NOW - MONTH_MS)
    await bench.fill(600, NOW - 50 * MONTH_MS, about('holder_held0001'))
    const plan = await bench.plan()
    expect(plan).toMatchObject({ verdict: 'ready', cut: 256, heldBy: { class: 'registration-evidence' } })
    expect(plan.heldBy?.until).toBe(addMonths(NOW - MONTH_MS, 84))
    bench.settings = { ...bench.settings, classes: { ...bench.settings.classes, events: 120 } }
    expect(await bench.plan()).toMatchObject({ verdict: 'held-by-class', heldBy: { class: 'events', sequence: 0 } })
  })

  it('evidence that never led to a certificate is held as an event', async () => {
    await holder('holder_never001', null)
    await bench.fill(600, NOW - 50 * MONTH_MS, about('holder_never001'))
    expect(await bench.plan()).toMatchObject({ verdict: 'ready', cut: 512, heldBy: null })
  })

  it('the window itself, longer than every class, keeps what is younger', async () => {
    await bench.fill(600, NOW - 50 * MONTH_MS)
    bench.settings = { ...bench.settings, windowMonths: 59 }
    expect(await bench.plan()).toMatchObject({ verdict: 'nothing-old-enough', heldBy: null })
  })
})
