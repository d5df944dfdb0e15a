import { useTranslation } from 'react-i18next'
import type { ReaderView } from '../../../shared/contract/views.ts'
import { IconCreditCard, IconPlugConnectedX } from '../../ui/icons.ts'
import { Panel } from '../../ui/Screen.tsx'
import { EmptyState } from '../../ui/States.tsx'
import css from '../screens/screens.module.css'
import { readerWord } from '../stores/reader-facts.ts'
import { useDeskState } from '../stores/desk-state.ts'
import { useNow } from './use-now.ts'

/** No card that will do: what each reader sees, in words, and the way out. */
export function WaitForCard({ readers }: { readers: readonly ReaderView[] }) {
  const { t } = useTranslation('desk')
  const now = useNow()
  const service = useDeskState((state) => state.connection?.cardService ?? 'running')
  if (service !== 'running')
    return (
      <Panel>
        <EmptyState icon={<IconPlugConnectedX size={40} aria-hidden />} title={t(`cardService.${service}`)}>
          {t(`cardService.${service}Todo`)}
        </EmptyState>
      </Panel>
    )
  if (readers.length === 0)
    return (
      <Panel>
        <EmptyState icon={<IconPlugConnectedX size={40} aria-hidden />} title={t('bar.noReader')}>
          {t('bar.noReaderTodo')}
        </EmptyState>
      </Panel>
    )
  return (
    <Panel flush>
      <div role="status">
        <EmptyState icon={<IconCreditCard size={40} aria-hidden />} title={t('signIn.insert')}>
          {t('signIn.insertHint')}
        </EmptyState>
      </div>
      <ul className={css.queue} style={{ borderTop: '1px solid var(--cs-line)' }}>
        {readers.map((reader) => {
          const word = readerWord(reader, now)
          return (
            <li key={reader.name}>
              <span>
                <strong>{reader.name}</strong>
                <br />
                {t(`reader.${word}.sentence`, { program: reader.busyWith ?? '' })}{' '}
                {word === 'empty' ? null : <span className={css.muted}>{t(`reader.${word}.signInWayOut`)}</span>}
              </span>
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}
