import { formatRoute } from '../../ui/route.ts'
import css from './console.module.css'

/** The parts of a screen that have addresses of their own. */
export function TabLinks(props: {
  label: string
  tabs: readonly { readonly path: readonly string[]; readonly label: string; readonly active: boolean }[]
}) {
  return (
    <nav className={css.tabs} aria-label={props.label}>
      {props.tabs.map((tab) => (
        <a key={tab.path.join('/')} href={formatRoute(tab.path)} aria-current={tab.active ? 'page' : undefined}>
          {tab.label}
        </a>
      ))}
    </nav>
  )
}
