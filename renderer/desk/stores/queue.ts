import type { EnrolmentRow } from '../../../shared/contract/views.ts'
import type { CardState, CertificateState, EnrolmentState } from '../../../shared/contract/words.ts'
import type { Tone } from '../../ui/Tone.tsx'

/** The queues of Today, most urgent first. */
export const QUEUES = ['interrupted', 'personalising', 'hand-over', 'drafts'] as const
export type Queue = (typeof QUEUES)[number]

const QUEUE: Readonly<Partial<Record<EnrolmentState, Queue>>> = {
  interrupted: 'interrupted',
  approved: 'personalising',
  personalising: 'personalising',
  issued: 'hand-over',
  draft: 'drafts',
  proofed: 'drafts',
  'awaiting-approval': 'drafts',
}

/** Is there still something to do. */
export const isOpen = (state: EnrolmentState): boolean => QUEUE[state] !== undefined

/** Rows by queue, oldest first: who has waited longest is next. What is closed is in none. */
export function queueOf(rows: readonly EnrolmentRow[]): Record<Queue, EnrolmentRow[]> {
  const queues: Record<Queue, EnrolmentRow[]> = { interrupted: [], personalising: [], 'hand-over': [], drafts: [] }
  for (const row of [...rows].sort((a, b) => a.updatedAt - b.updatedAt)) {
    const queue = QUEUE[row.state]
    if (queue !== undefined) queues[queue].push(row)
  }
  return queues
}

export const ENROLMENT_TONES: Readonly<Record<EnrolmentState, Tone>> = {
  draft: 'idle',
  proofed: 'info',
  'awaiting-approval': 'warn',
  approved: 'info',
  personalising: 'info',
  interrupted: 'bad',
  issued: 'warn',
  'handed-over': 'ok',
  cancelled: 'idle',
  rejected: 'bad',
}
export const CARD_TONES: Readonly<Record<CardState, Tone>> = {
  blank: 'idle',
  personalising: 'info',
  active: 'ok',
  suspended: 'warn',
  terminated: 'bad',
}
export const CERTIFICATE_TONES: Readonly<Record<CertificateState, Tone>> = {
  requested: 'info',
  issued: 'ok',
  suspended: 'warn',
  revoked: 'bad',
  expired: 'idle',
}
