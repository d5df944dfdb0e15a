import { useTranslation } from 'react-i18next'
import type { ReaderView } from '../../../shared/contract/views.ts'
import { IconCreditCard, IconPlugConnectedX } from '../../ui/icons.ts'
import { Panel } from '../../ui/Screen.tsx'
import { EmptyState } from '../../ui/States.tsx'
import css from '../screens/screens.module.css'
import { ownerOf, readerWord, signInCertificate } from '../stores/reader-facts.ts'
import { useDeskState } from '../stores/desk-state.ts'
import { useNow } from './use-now.ts'

/** No card that will do: what each reader sees, in words, and the way out. */
export function WaitForCard({ readers, signIn = false }: { readers: readonly ReaderView[]; signIn?: boolean }) {
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
        <EmptyState
          icon={<IconCreditCard size={40} aria-hidden />}
          title={t(signIn ? 'signIn.insert' : 'waitForCard.insert')}
        >
          {t(signIn ? 'signIn.insertHint' : 'waitForCard.hint')}
        </EmptyState>
      </div>
      <ul className={css.queue} style={{ borderTop: '1px solid var(--cs-line)' }}>
        {readers.map((reader) => {
          const word = readerWord(reader, now)
          // Somebody else's card that would do: the choice below offers it.
          const other = signIn && word === 'ready' && signInCertificate(reader.card) !== null
          return (
            <li key={reader.name}>
              <span>
                <strong>{reader.name}</strong>
                <br />
                {other
                  ? t('waitForCard.other', { name: ownerOf(reader) ?? '' })
                  : t(`reader.${word}.sentence`, { program: reader.busyWith ?? '' })}{' '}
                {word === 'empty' || other ? null : (
                  <span className={css.muted}>{t(`reader.${word}.${signIn ? 'signInWayOut' : 'wayOut'}`)}</span>
                )}
              </span>
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}
