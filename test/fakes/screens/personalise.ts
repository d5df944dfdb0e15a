import type { CardProfile, EnrolmentView, StepView } from '../../../shared/contract/views.ts'

const one = (id: StepView['id'], kind: StepView['kind'], slot: StepView['slot'] = null): StepView => ({
  id,
  kind,
  slot,
  state: 'waiting',
  startedAt: null,
  doneAt: null,
  error: null,
})

/** The steps a profile's card takes, in order. */
export const plannedSteps = (profile: CardProfile): StepView[] => [
  one('claim', 'claim'),
  one('management-key', 'management-key'),
  one('pin-puk', 'pin-puk'),
  one('chuid', 'chuid'),
  ...profile.keys.flatMap(({ slot }) =>
    (['key', 'request', 'certificate', 'write', 'read-back'] as const).map((kind) =>
      one(`${kind}:${slot}`, kind, slot),
    ),
  ),
  one('finish', 'finish'),
]

const etagAfter = (etag: string): string => `"${Number(etag.slice(1, -1)) + 1}"`

/** Runs what is not done, telling each change; resolves with the issued enrolment. */
export async function runSteps(
  view: EnrolmentView,
  serial: string,
  stepMs: number,
  tell: (view: EnrolmentView, ms: number) => void,
): Promise<EnrolmentView> {
  const begun = Date.now()
  let now: EnrolmentView = {
    ...view,
    state: 'personalising',
    cardSerial: serial,
    interruption: null,
    steps: view.steps.length > 0 ? view.steps : view.profile === null ? [] : plannedSteps(view.profile),
  }
  const change = (id: string, step: Partial<StepView>) => {
    now = {
      ...now,
      etag: etagAfter(now.etag),
      steps: now.steps.map((old) => (old.id === id ? { ...old, ...step } : old)),
    }
    tell(now, Date.now() - begun)
  }
  for (const { id, state } of now.steps) {
    if (state === 'done') continue
    change(id, { state: 'running', startedAt: Date.now(), error: null })
    await new Promise((resolve) => setTimeout(resolve, stepMs))
    change(id, { state: 'done', doneAt: Date.now() })
  }
  return { ...now, state: 'issued', etag: etagAfter(now.etag) }
}
