import {
  AppError,
  type CardProfile,
  type EnrolmentState,
  type ErrorCode,
  type StepView,
} from '../../shared/contract/index.ts'

/** What may happen to an enrolment; the table below is all there is. */
export type EnrolmentEvent =
  | 'prove'
  | 'choose-profile'
  | 'sign'
  | 'start'
  | 'step'
  | 'finish'
  | 'interrupt'
  | 'roll-back'
  | 'hand-over'
  | 'cancel'

const MOVES: Readonly<Record<EnrolmentEvent, Partial<Record<EnrolmentState, EnrolmentState>>>> = {
  prove: { draft: 'proofed', proofed: 'proofed' },
  'choose-profile': { draft: 'draft', proofed: 'proofed' },
  sign: { proofed: 'approved' },
  start: { approved: 'personalising', personalising: 'personalising', interrupted: 'personalising' },
  step: { personalising: 'personalising' },
  finish: { personalising: 'issued' },
  interrupt: { personalising: 'interrupted', interrupted: 'interrupted' },
  'roll-back': { personalising: 'approved', interrupted: 'approved' },
  'hand-over': { issued: 'handed-over' },
  cancel: { draft: 'cancelled', proofed: 'cancelled', 'awaiting-approval': 'cancelled', approved: 'cancelled' },
}

/** The state after the event. Throws ENROLMENT_STATE, detail `state` and `event`, where the domain has no such move. */
export const nextState = (state: EnrolmentState, event: EnrolmentEvent): EnrolmentState => {
  const next = MOVES[event][state]
  if (next === undefined) throw new AppError('ENROLMENT_STATE', { state, event })
  return next
}

const OPEN: readonly EnrolmentState[] = [
  'draft',
  'proofed',
  'awaiting-approval',
  'approved',
  'personalising',
  'interrupted',
  'issued',
]
export const isOpen = (state: EnrolmentState): boolean => OPEN.includes(state)
export const OPEN_STATES = OPEN

const step = (kind: StepView['kind'], slot: StepView['slot']): StepView => ({
  id: slot === null ? kind : `${kind}:${slot}`,
  kind,
  slot,
  state: 'waiting',
  startedAt: null,
  doneAt: null,
  error: null,
})

/** The steps of a profile's card, all waiting, in the order they are done. */
export const planSteps = (profile: CardProfile): StepView[] => [
  step('claim', null),
  step('management-key', null),
  step('pin-puk', null),
  step('chuid', null),
  ...profile.keys.flatMap(({ slot }) =>
    (['key', 'request', 'certificate', 'write', 'read-back'] as const).map((kind) => step(kind, slot)),
  ),
  step('finish', null),
]

/**
 * The steps with `id` done. The same step with the same start again changes nothing; done anew (another start), what
 * hangs on it in its slot waits again: a new key needs a new request, certificate and write.
 * Throws ENROLMENT_STATE: `step-unknown`, `step-early` with the step that is missing before it.
 */
export const completeStep = (
  steps: readonly StepView[],
  id: string,
  times: { readonly startedAt: number; readonly doneAt: number },
): StepView[] => {
  const place = steps.findIndex((one) => one.id === id)
  const found = steps[place]
  if (!found) throw new AppError('ENROLMENT_STATE', { reason: 'step-unknown', step: id })
  const missing = steps.slice(0, place).find((one) => one.state !== 'done')
  if (missing) throw new AppError('ENROLMENT_STATE', { reason: 'step-early', step: id, missing: missing.id })
  if (found.state === 'done' && found.startedAt === times.startedAt) return [...steps]
  const isKeyAgain = found.kind === 'key' && found.state === 'done'
  return steps.map((one, at) => {
    if (at === place) return { ...one, state: 'done', startedAt: times.startedAt, doneAt: times.doneAt, error: null }
    if (isKeyAgain && at > place && one.slot === found.slot) return { ...step(one.kind, one.slot) }
    return one
  })
}

/** The step that stopped, marked with why; a step that was done stays done. */
export const failStep = (steps: readonly StepView[], id: string | null, code: ErrorCode): StepView[] => {
  if (id !== null && !steps.some((one) => one.id === id))
    throw new AppError('ENROLMENT_STATE', { reason: 'step-unknown', step: id })
  return steps.map((one) => (one.id === id && one.state !== 'done' ? { ...one, state: 'failed', error: code } : one))
}

/** What failed before waits again when personalising goes on. */
export const clearFailures = (steps: readonly StepView[]): StepView[] =>
  steps.map((one) => (one.state === 'failed' ? { ...step(one.kind, one.slot) } : one))
