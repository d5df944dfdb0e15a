import { TextInput } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatCalendarDate, fullName } from '../../ui/format.ts'
import { IconSearch } from '../../ui/icons.ts'
import { formatRoute } from '../../ui/route.ts'
import { Panel } from '../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import { ToneBadge } from '../../ui/Tone.tsx'
import { useLoad, useSettled } from '../../ui/use-load.ts'
import { desk } from '../desk.ts'
import css from './screens.module.css'

/** Who is calling: a person by name or number, to compare with the card. */
export function FindHolder() {
  const { t, i18n } = useTranslation('desk')
  const [text, setText] = useState('')
  const query = useSettled(text.trim())
  const found = useLoad(
    useCallback(
      async () => (query.length < 2 ? null : await desk.call('holders.search', { text: query, limit: 8 })),
      [query],
    ),
  )
  return (
    <Panel title={t('unlock.find')} flush>
      <div style={{ padding: 16 }}>
        <TextInput
          label={t('people.search')}
          placeholder={t('person.searchHint')}
          leftSection={<IconSearch size={18} aria-hidden />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          maxLength={200}
          autoComplete="off"
          data-search
        />
      </div>
      <LoadView load={found} right="holder.read">
        {(page) =>
          page === null ? (
            <p className={css.muted} style={{ padding: '0 16px 16px' }}>
              {t('unlock.findHint')}
            </p>
          ) : page.items.length === 0 ? (
            <EmptyState title={t('person.notFound', { text: query })} />
          ) : (
            <ul className={css.queue}>
              {page.items.map((row) => (
                <li key={row.id}>
                  <a href={formatRoute(['people', row.id])} style={{ color: 'inherit' }}>
                    <strong>{fullName(row)}</strong>
                    <br />
                    <span className={css.muted}>{formatCalendarDate(row.birthDate, i18n.language)}</span>
                  </a>
                  <ToneBadge tone={row.activeCards > 0 ? 'ok' : 'idle'}>
                    {t('people.active', { count: row.activeCards })}
                  </ToneBadge>
                </li>
              ))}
            </ul>
          )
        }
      </LoadView>
    </Panel>
  )
}
