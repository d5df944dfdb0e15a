import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { AppError, CardProfile, EnrolmentState, type StepView } from '../../../../shared/contract/index.ts'
import {
  clearFailures,
  completeStep,
  failStep,
  isOpen,
  nextState,
  planSteps,
  type EnrolmentEvent,
} from '../../../../server/services/enrolment-state.ts'

const profile = CardProfile.parse(
  JSON.parse(readFileSync(new URL('../../../../resources/profiles/high-p384.json', import.meta.url), 'utf8')),
)
const reasonOf = (body: () => unknown): unknown => {
  try {
    body()
  } catch (error) {
    if (error instanceof AppError) return error.detail['reason'] ?? error.code
    throw error
  }
  return 'accepted'
}

describe('when something happens to an enrolment', () => {
  const moves: readonly [EnrolmentEvent, Partial<Record<EnrolmentState, EnrolmentState>>][] = [
    ['prove', { draft: 'proofed', proofed: 'proofed' }],
    ['choose-profile', { draft: 'draft', proofed: 'proofed' }],
    ['sign', { proofed: 'approved' }],
    ['start', { approved: 'personalising', personalising: 'personalising', interrupted: 'personalising' }],
    ['step', { personalising: 'personalising' }],
    ['finish', { personalising: 'issued' }],
    ['interrupt', { personalising: 'interrupted', interrupted: 'interrupted' }],
    ['roll-back', { personalising: 'approved', interrupted: 'approved' }],
    ['hand-over', { issued: 'handed-over' }],
    ['cancel', { draft: 'cancelled', proofed: 'cancelled', 'awaiting-approval': 'cancelled', approved: 'cancelled' }],
  ]
  const rows = moves.flatMap(([event, to]) =>
    EnrolmentState.options.map((from) => [event, from, to[from] ?? 'ENROLMENT_STATE'] as const),
  )
  it.each(rows)('%s in %s: %s', (event, from, expected) => {
    if (expected === 'ENROLMENT_STATE') expect(reasonOf(() => nextState(from, event))).toBe(expected)
    else expect(nextState(from, event)).toBe(expected)
  })

  it('keeps open what is not handed over, cancelled or rejected', () => {
    expect(EnrolmentState.options.filter((state) => !isOpen(state))).toEqual(['handed-over', 'cancelled', 'rejected'])
  })
})

const at = (n: number) => ({ startedAt: n, doneAt: n + 1 })
const doneUpTo = (last: string): StepView[] => {
  let steps = planSteps(profile)
  for (const { id } of steps) {
    steps = completeStep(steps, id, at(1))
    if (id === last) break
  }
  return steps
}
const done = (steps: readonly StepView[]) => steps.filter((step) => step.state === 'done').map((step) => step.id)

describe('when steps are done', () => {
  it('plans them in order, five for each key', () => {
    expect(planSteps(profile).map((step) => step.id)).toEqual([
      'claim',
      'management-key',
      'pin-puk',
      'chuid',
      ...['9A', '9C'].flatMap((slot) =>
        ['key', 'request', 'certificate', 'write', 'read-back'].map((kind) => `${kind}:${slot}`),
      ),
      'finish',
    ])
  })

  it.each([
    ['key:9A', 'step-early'],
    ['finish', 'step-early'],
    ['key:9D', 'step-unknown'],
    ['claim', 'accepted'],
  ])('judges %s first: %s', (id, expected) => {
    expect(reasonOf(() => completeStep(planSteps(profile), id, at(1)))).toBe(expected)
  })

  it('changes nothing when the same is told twice', () => {
    const steps = doneUpTo('write:9A')
    expect(completeStep(steps, 'key:9A', at(1))).toEqual(steps)
  })

  it('lets everything that hangs on a key wait again when the key is made anew', () => {
    const steps = completeStep(doneUpTo('key:9C'), 'key:9A', at(9))
    expect(done(steps)).toEqual(['claim', 'management-key', 'pin-puk', 'chuid', 'key:9A', 'key:9C'])
  })

  it('leaves the rest when another step is done anew', () => {
    expect(done(completeStep(doneUpTo('key:9C'), 'write:9A', at(9)))).toEqual(done(doneUpTo('key:9C')))
  })

  it('marks what failed, never what was done, and clears it to go on', () => {
    const failed = failStep(doneUpTo('chuid'), 'key:9A', 'CARD_REMOVED')
    expect(failed.find((step) => step.id === 'key:9A')).toMatchObject({ state: 'failed', error: 'CARD_REMOVED' })
    expect(failStep(failed, 'claim', 'CARD_MUTE')[0]?.state).toBe('done')
    expect(clearFailures(failed)).toEqual(doneUpTo('chuid'))
    expect(reasonOf(() => failStep(failed, 'key:9E', 'CARD_MUTE'))).toBe('step-unknown')
  })
})
