import { useEffect, useRef, type CSSProperties, type ReactNode } from 'react'
import css from './parts.module.css'

/** A screen: title (takes the focus on arrival, unless a field of it did), a line below it, and the actions, the primary one last, always top right. */
export function Screen(props: {
  title: string
  subtitle?: ReactNode
  actions?: ReactNode
  children: ReactNode
  /** The screen puts the focus itself (a search field). */
  ownFocus?: boolean
}) {
  const title = useRef<HTMLHeadingElement>(null)
  const screen = useRef<HTMLDivElement>(null)
  const own = props.ownFocus === true
  useEffect(() => {
    const taken = screen.current?.contains(document.activeElement) === true
    if (!own && !taken) title.current?.focus({ preventScroll: true })
  }, [own])
  useEffect(() => {
    document.title = `${props.title} · Countersign`
  }, [props.title])
  return (
    <div className={css.screen} ref={screen}>
      <div className={css.screenHead}>
        <div style={{ minWidth: 0 }}>
          <h1 ref={title} tabIndex={-1}>
            {props.title}
          </h1>
          {props.subtitle === undefined ? null : <p>{props.subtitle}</p>}
        </div>
        <div className={css.screenActions}>{props.actions}</div>
      </div>
      {props.children}
    </div>
  )
}

/** A framed part of a screen with a heading of its own. */
export function Panel(props: {
  title?: ReactNode
  actions?: ReactNode
  children: ReactNode
  flush?: boolean
  testId?: string
}) {
  return (
    <section className={css.panel} data-testid={props.testId}>
      {props.title === undefined ? null : (
        <div className={css.panelHead}>
          <h2>{props.title}</h2>
          {props.actions}
        </div>
      )}
      <div className={props.flush === true ? undefined : css.panelBody}>{props.children}</div>
    </section>
  )
}

/** Twelve columns. */
export function Columns({ children }: { children: ReactNode }) {
  return <div className={css.grid}>{children}</div>
}
export function Column({ span, children, style }: { span: number; children: ReactNode; style?: CSSProperties }) {
  return (
    <div className={css.column} style={{ gridColumn: `span ${span}`, ...style }}>
      {children}
    </div>
  )
}

/** Names and values. A value of null is left out. */
export function Facts({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={css.facts}>
      {rows
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => (
          <FactRow key={name} name={name} value={value} />
        ))}
    </dl>
  )
}
function FactRow({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  )
}
