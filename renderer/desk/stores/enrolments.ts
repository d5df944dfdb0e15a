import { create } from 'zustand'
import type { EnrolmentView, StepView } from '../../../shared/contract/views.ts'
import type { EnrolmentState } from '../../../shared/contract/words.ts'

/** Enrolments on screen, by id, as the server last told; progress events and answers of calls both end here. */
export interface EnrolmentEntry {
  view: EnrolmentView
  running: boolean
  /** Milliseconds since this run of the steps began. */
  ms: number
}
export interface Enrolments {
  byId: Readonly<Record<string, EnrolmentEntry>>
}

export const useEnrolments = create<Enrolments>()(() => ({ byId: {} }))

const version = (view: EnrolmentView): number => Number(view.etag.slice(1, -1))

/** Takes a newer view; one older than what is known changes nothing (an answer may arrive after a later event). */
export function withEnrolment(
  state: Enrolments,
  view: EnrolmentView,
  progress: { running: boolean; ms: number } | null,
): Enrolments {
  const known = state.byId[view.id]
  if (known !== undefined && version(view) < version(known.view)) return state
  const running = progress?.running ?? false
  return { byId: { ...state.byId, [view.id]: { view, running, ms: progress?.ms ?? known?.ms ?? 0 } } }
}

export const keepEnrolment = (view: EnrolmentView): EnrolmentView => {
  useEnrolments.setState((state) => withEnrolment(state, view, null))
  return view
}

// ---- the steps of the guided flow

export const STEPS = ['person', 'identity', 'card', 'statement', 'personalise', 'hand-over'] as const
export type Step = (typeof STEPS)[number]
export const isStep = (text: string | undefined): text is Step => STEPS.some((step) => step === text)

const STEP: Readonly<Record<EnrolmentState, Step>> = {
  draft: 'identity',
  proofed: 'card',
  'awaiting-approval': 'statement',
  approved: 'personalise',
  personalising: 'personalise',
  interrupted: 'personalise',
  issued: 'hand-over',
  'handed-over': 'hand-over',
  cancelled: 'statement',
  rejected: 'statement',
}

/** Where work goes on. */
export const stepOf = (view: EnrolmentView): Step =>
  view.state === 'proofed' && view.profile !== null ? 'statement' : STEP[view.state]

export const stepIndex = (step: Step): number => STEPS.indexOf(step)
/** A step can be looked at once the enrolment has come to it. */
export const isReachable = (view: EnrolmentView, step: Step): boolean => stepIndex(step) <= stepIndex(stepOf(view))

export type StepMark = 'done' | 'current' | 'waiting' | 'interrupted'
export function stepMark(view: EnrolmentView | null, step: Step): StepMark {
  if (view === null) return step === 'person' ? 'current' : 'waiting'
  if (view.state === 'handed-over') return 'done'
  const here = stepIndex(stepOf(view))
  const index = stepIndex(step)
  if (index < here) return 'done'
  if (index > here) return 'waiting'
  return view.state === 'interrupted' ? 'interrupted' : 'current'
}

/** May the identity step still be changed (ETSI evidence is fixed by the signature). */
export const isBeforeSigning = (view: EnrolmentView): boolean => view.state === 'draft' || view.state === 'proofed'
/** Can it be cancelled without touching a card. */
export const isCancellable = (view: EnrolmentView): boolean =>
  ['draft', 'proofed', 'awaiting-approval', 'approved'].includes(view.state)

export function progressOf(steps: readonly StepView[]): { done: number; total: number; current: StepView | null } {
  return {
    done: steps.filter((step) => step.state === 'done').length,
    total: steps.length,
    current: steps.find((step) => step.state === 'running') ?? null,
  }
}

/** How long a step took, null while it has not ended. */
export const stepMs = (step: StepView): number | null =>
  step.startedAt !== null && step.doneAt !== null ? step.doneAt - step.startedAt : null
