import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import css from './frame.module.css'
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand, type Icon } from './icons.ts'
import { setPreference, usePreferences } from './preferences.ts'

export interface NavItem {
  id: string
  label: string
  icon: Icon
  href: string
  active: boolean
}

/** Left navigation (icon and word, collapsible), a bar on top, the screen below. `logo` is the URL of the product's mark. */
export function Frame(props: {
  logo: string
  items: readonly NavItem[]
  header: ReactNode
  children: ReactNode
  foot?: ReactNode
}) {
  const { t } = useTranslation('common')
  const collapsed = usePreferences((p) => p.navCollapsed)
  const Fold = collapsed ? IconLayoutSidebarLeftExpand : IconLayoutSidebarLeftCollapse
  const foldLabel = collapsed ? t('nav.expand') : t('nav.collapse')
  return (
    <div className={`${css.frame} ${collapsed ? css.collapsed : ''}`}>
      <a className={css.skip} href="#main" onClick={(event) => focusMain(event)}>
        {t('nav.skip')}
      </a>
      <nav className={css.nav} aria-label={t('nav.label')}>
        <div className={css.brand}>
          <img src={props.logo} alt="" />
          {collapsed ? null : <span>{t('product')}</span>}
        </div>
        <ul className={css.items}>
          {props.items.map((item) => (
            <li key={item.id}>
              <a
                className={css.item}
                href={item.href}
                aria-current={item.active ? 'page' : undefined}
                aria-label={item.label}
                title={collapsed ? item.label : undefined}
              >
                <item.icon size={20} aria-hidden />
                {collapsed ? null : <span>{item.label}</span>}
              </a>
            </li>
          ))}
        </ul>
        <div className={css.foot}>
          {props.foot}
          <button
            type="button"
            className={css.item}
            aria-label={foldLabel}
            title={foldLabel}
            aria-expanded={!collapsed}
            onClick={() => setPreference('navCollapsed', !collapsed)}
          >
            <Fold size={20} aria-hidden />
            {collapsed ? null : <span>{t('nav.fold')}</span>}
          </button>
        </div>
      </nav>
      <header className={css.header}>{props.header}</header>
      <main className={css.main} id="main" tabIndex={-1}>
        <div className={css.content}>{props.children}</div>
      </main>
    </div>
  )
}

/** The hash is our route, so the skip link moves the focus itself. */
function focusMain(event: { preventDefault: () => void }): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}
