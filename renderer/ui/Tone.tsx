import type { ReactNode } from 'react'
import { IconAlertTriangle, IconCircleCheck, IconCircleDashed, IconCircleX, IconInfoCircle } from './icons.ts'
import css from './parts.module.css'

/** The states colour stands for; each has an icon of its own, so that colour never speaks alone. */
export type Tone = 'ok' | 'info' | 'warn' | 'bad' | 'idle'

const ICONS = {
  ok: IconCircleCheck,
  info: IconInfoCircle,
  warn: IconAlertTriangle,
  bad: IconCircleX,
  idle: IconCircleDashed,
} as const

export function ToneIcon({ tone, size = 14 }: { tone: Tone; size?: number }) {
  const Icon = ICONS[tone]
  return <Icon size={size} aria-hidden style={{ flex: 'none' }} />
}

/** A state in one or two words. */
export function ToneBadge({ tone, children, testId }: { tone: Tone; children: ReactNode; testId?: string }) {
  return (
    <span className={`${css.tone} ${css[tone]}`} data-testid={testId}>
      <ToneIcon tone={tone} />
      <span>{children}</span>
    </span>
  )
}

/** A message inside a screen: what is so, and what to do. `live` announces it when it appears. */
export function Notice(props: {
  tone: Tone
  title: ReactNode
  children?: ReactNode
  actions?: ReactNode
  live?: boolean
  testId?: string
}) {
  return (
    <div
      className={`${css.notice} ${css[props.tone]}`}
      role={props.live === true ? (props.tone === 'bad' ? 'alert' : 'status') : undefined}
      data-testid={props.testId}
    >
      <div className={css.noticeText}>
        <ToneIcon tone={props.tone} size={20} />
        <div className={css.noticeBody}>
          <p className={css.noticeTitle}>{props.title}</p>
          {props.children}
        </div>
      </div>
      {props.actions}
    </div>
  )
}
