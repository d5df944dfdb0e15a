import { describe, expect, it } from 'vitest'
import type { CardProfile, StepView } from '../../../../shared/contract/views.ts'
import { EnrolmentState } from '../../../../shared/contract/words.ts'
import {
  isBeforeSigning,
  isCancellable,
  isReachable,
  isStep,
  progressOf,
  stepMark,
  stepMs,
  stepOf,
  STEPS,
  withEnrolment,
} from '../../../../renderer/desk/stores/enrolments.ts'
import { queueOf } from '../../../../renderer/desk/stores/queue.ts'
import { enrolment, officer } from './fixtures.ts'

const profile: CardProfile = {
  id: 'employee',
  name: { en: 'Employee', it: 'Dipendente' },
  description: { en: 'x', it: 'x' },
  applet: 'piv',
  keys: [{ slot: '9A', algorithm: 'ecdsa-p256', certificateProfile: 'p' }],
  validityDays: 365,
  pinTries: 3,
  pukTries: 3,
}

describe('when work goes on', () => {
  it.each([
    [enrolment('draft'), 'identity'],
    [enrolment('proofed'), 'card'],
    [enrolment('proofed', { profile }), 'statement'],
    [enrolment('awaiting-approval', { profile }), 'statement'],
    [enrolment('approved', { profile }), 'personalise'],
    [enrolment('personalising', { profile }), 'personalise'],
    [enrolment('interrupted', { profile }), 'personalise'],
    [enrolment('issued', { profile }), 'hand-over'],
    [enrolment('handed-over', { profile }), 'hand-over'],
  ])('%o is at %s', (view, step) => {
    expect(stepOf(view)).toBe(step)
    expect(isReachable(view, step as (typeof STEPS)[number])).toBe(true)
  })
  it('lets nobody ahead of it', () => {
    expect(STEPS.filter((step) => isReachable(enrolment('proofed'), step))).toEqual(['person', 'identity', 'card'])
  })
  it.each([
    ['personalise', true],
    ['hand-over', true],
    ['finish', false],
    [undefined, false],
  ])('%s is a step: %s', (text, known) => {
    expect(isStep(text)).toBe(known)
  })
})

describe('when steps are marked', () => {
  it('begins with the person', () => {
    expect(STEPS.map((step) => stepMark(null, step))).toEqual(['current', ...Array(5).fill('waiting')])
  })
  it('shows where it was interrupted', () => {
    expect(STEPS.map((step) => stepMark(enrolment('interrupted', { profile }), step))).toEqual([
      'done',
      'done',
      'done',
      'done',
      'interrupted',
      'waiting',
    ])
  })
  it('ends with everything done', () => {
    expect(new Set(STEPS.map((step) => stepMark(enrolment('handed-over'), step)))).toEqual(new Set(['done']))
  })
})

describe('when views of one enrolment arrive', () => {
  const state = withEnrolment({ byId: {} }, enrolment('personalising', { etag: '"5"' }), { running: true, ms: 700 })
  const entry = (s: typeof state) => s.byId['enr_00000001']
  it('takes a newer one', () => {
    const next = withEnrolment(state, enrolment('issued', { etag: '"6"' }), null)
    expect(entry(next)).toMatchObject({ running: false, ms: 700, view: { state: 'issued' } })
  })
  it('takes the same version again (progress within a step)', () => {
    const next = withEnrolment(state, enrolment('personalising', { etag: '"5"' }), { running: true, ms: 900 })
    expect(entry(next)?.ms).toBe(900)
  })
  it('refuses an older one', () => {
    expect(withEnrolment(state, enrolment('approved', { etag: '"4"' }), null)).toBe(state)
  })
  it('compares versions as numbers', () => {
    const ten = withEnrolment(state, enrolment('issued', { etag: '"10"' }), null)
    expect(entry(ten)?.view.state).toBe('issued')
  })
})

describe('when steps of a card are counted', () => {
  const step = (id: string, more: Partial<StepView>): StepView => ({
    id,
    kind: 'claim',
    slot: null,
    state: 'waiting',
    startedAt: null,
    doneAt: null,
    error: null,
    ...more,
  })
  it('tells done, all and the one under way', () => {
    const steps = [
      step('claim', { state: 'done', startedAt: 10, doneAt: 250 }),
      step('chuid', { state: 'running', startedAt: 250 }),
      step('finish', {}),
    ]
    expect(progressOf(steps)).toMatchObject({ done: 1, total: 3, current: { id: 'chuid' } })
    expect(steps.map(stepMs)).toEqual([240, null, null])
    expect(progressOf([])).toEqual({ done: 0, total: 0, current: null })
  })
})

it('closes and changes only what may be', () => {
  expect(EnrolmentState.options.filter((state) => isCancellable(enrolment(state)))).toEqual([
    'draft',
    'proofed',
    'awaiting-approval',
    'approved',
  ])
  expect(EnrolmentState.options.filter((state) => isBeforeSigning(enrolment(state)))).toEqual(['draft', 'proofed'])
})

it('queues who waited longest first, and nobody who is done', () => {
  const row = (id: string, state: EnrolmentState, updatedAt: number) => ({
    id,
    state,
    holderId: 'hld_00000001',
    holderName: 'Anna Rossi',
    profileId: null,
    officer,
    cardSerial: null,
    updatedAt,
    createdAt: 0,
  })
  const queues = queueOf([
    row('a', 'draft', 30),
    row('b', 'proofed', 10),
    row('c', 'interrupted', 20),
    row('d', 'handed-over', 1),
    row('e', 'issued', 5),
    row('f', 'approved', 6),
    row('g', 'cancelled', 2),
  ])
  const ids = Object.fromEntries(Object.entries(queues).map(([name, rows]) => [name, rows.map((r) => r.id)]))
  expect(ids).toEqual({ interrupted: ['c'], personalising: ['f'], 'hand-over': ['e'], drafts: ['b', 'a'] })
})
