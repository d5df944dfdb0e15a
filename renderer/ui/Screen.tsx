import {
  createContext,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type CSSProperties,
  type ReactNode,
} from 'react'
import { createPortal } from 'react-dom'
import css from './parts.module.css'

/** Where the bar of the screen around is: what steps aside at the left, what goes on at the right. */
const Bar = createContext<{ start: HTMLElement | null; end: HTMLElement | null }>({ start: null, end: null })

/**
 * What is done on this screen, in its bar at the bottom, always in sight: the one primary action at the right end, ways
 * aside and a note at the left. A form's button names its form (`form={id}`): the bar lies outside of it, after
 * everything else in the order of the keyboard.
 */
export function ActionBar({ start, children }: { start?: ReactNode; children?: ReactNode }) {
  const bar = useContext(Bar)
  return (
    <>
      {start === undefined || bar.start === null ? null : createPortal(start, bar.start)}
      {children === undefined || bar.end === null ? null : createPortal(children, bar.end)}
    </>
  )
}

/**
 * A screen: title (takes the focus on arrival, unless a field of it did), a line below it, small actions about the whole
 * view at the top right, and at the bottom the bar that `ActionBar` fills.
 */
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
  const [start, setStart] = useState<HTMLElement | null>(null)
  const [end, setEnd] = useState<HTMLElement | null>(null)
  const bar = useMemo(() => ({ start, end }), [start, end])
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
        <div className={css.screenTitle}>
          <h1 ref={title} tabIndex={-1}>
            {props.title}
          </h1>
          {props.subtitle === undefined ? null : <p>{props.subtitle}</p>}
        </div>
        <div className={css.screenActions}>{props.actions}</div>
      </div>
      <Bar value={bar}>{props.children}</Bar>
      <div className={css.actionBar}>
        <div className={css.barStart} ref={setStart} />
        <div className={css.barEnd} ref={setEnd} />
      </div>
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
  /** Its content may be longer than its place (a column of bounded height): it scrolls inside, under this name. */
  bounded?: string
}) {
  const region =
    props.bounded === undefined ? {} : ({ role: 'region', 'aria-label': props.bounded, tabIndex: 0 } as const)
  return (
    <section
      className={props.bounded === undefined ? css.panel : `${css.panel} ${css.panelBounded}`}
      data-testid={props.testId}
    >
      {props.title === undefined ? null : (
        <div className={css.panelHead}>
          <h2>{props.title}</h2>
          {props.actions}
        </div>
      )}
      <div {...region} className={props.flush === true ? undefined : css.panelBody}>
        {props.children}
      </div>
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

/** Names and values, `wide` in two columns of them. A value of null is left out. */
export function Facts({ rows, wide = false }: { rows: readonly (readonly [string, ReactNode])[]; wide?: boolean }) {
  return (
    <dl className={wide ? `${css.facts} ${css.factsWide}` : css.facts}>
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
