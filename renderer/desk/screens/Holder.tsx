import { Button } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EnrolmentRow, HolderView } from '../../../shared/contract/views.ts'
import { fullName } from '../../ui/format.ts'
import { IconArrowLeft, IconUserPlus } from '../../ui/icons.ts'
import { Moment } from '../../ui/Moment.tsx'
import { formatRoute, goTo } from '../../ui/route.ts'
import { ActionBar, Column, Columns, Panel, Screen } from '../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import { ToneBadge } from '../../ui/Tone.tsx'
import { useLoad } from '../../ui/use-load.ts'
import { desk } from '../desk.ts'
import { HolderFacts } from '../parts/HolderFacts.tsx'
import { KnownCard } from '../parts/KnownCard.tsx'
import { Trail } from '../parts/Trail.tsx'
import { ENROLMENT_TONES, isOpen } from '../stores/queue.ts'
import { useMay } from '../stores/desk-state.ts'
import { HolderEdit } from './HolderEdit.tsx'
import css from './screens.module.css'

/** One person: data, cards and certificates, enrolments, trail. */
export function Holder({ id }: { id: string }) {
  const { t } = useTranslation('desk')
  const load = useLoad(useCallback(() => desk.call('holders.get', { id }), [id]))
  const mayEnrol = useMay('enrolment.write')
  const mayTrail = useMay('trail.read')
  return (
    <LoadView load={load} right="holder.read">
      {({ holder, cards, enrolments }) => (
        <Screen
          title={fullName(holder)}
          subtitle={
            <a
              href={formatRoute(['people'])}
              style={{ color: 'inherit', display: 'inline-flex', gap: 4, alignItems: 'center' }}
            >
              <IconArrowLeft size={16} aria-hidden />
              {t('people.back')}
            </a>
          }
        >
          <Columns>
            <Column span={4}>
              <div className={`${css.column} ${css.scrolls}`}>
                <PersonPanel holder={holder} onChanged={load.reload} />
                <EnrolmentsPanel rows={enrolments} />
              </div>
            </Column>
            <Column span={8}>
              <div className={`${css.column} ${css.scrolls}`}>
                {cards.length === 0 ? (
                  <Panel title={t('people.cards')}>
                    <EmptyState title={t('people.noCard')}>{t('people.noCardHint')}</EmptyState>
                  </Panel>
                ) : (
                  cards.map((card) => <KnownCard key={card.serial} card={card} onChanged={load.reload} />)
                )}
                {mayTrail ? <Trail objectType="holder" objectId={holder.id} /> : null}
              </div>
            </Column>
          </Columns>
          {mayEnrol ? (
            <ActionBar>
              <EnrolButton holder={holder.id} rows={enrolments} />
            </ActionBar>
          ) : null}
        </Screen>
      )}
    </LoadView>
  )
}

/** Begins an enrolment; one that is open already is continued instead. */
function EnrolButton({ holder, rows }: { holder: string; rows: readonly EnrolmentRow[] }) {
  const { t } = useTranslation('desk')
  const open = rows.find((row) => isOpen(row.state))
  const begin = () => (open === undefined ? goTo(['enrol'], { query: { holder } }) : goTo(['enrol', open.id]))
  return (
    <Button data-primary leftSection={<IconUserPlus size={18} aria-hidden />} onClick={begin}>
      {open === undefined ? t('person.enrol') : t('people.continue')}
    </Button>
  )
}

function PersonPanel({ holder, onChanged }: { holder: HolderView; onChanged: () => void }) {
  const { t } = useTranslation('desk')
  const mayWrite = useMay('holder.write')
  const [editing, setEditing] = useState(false)
  return (
    <Panel
      title={t('people.data')}
      actions={
        mayWrite ? (
          <Button size="xs" variant="default" onClick={() => setEditing(true)}>
            {t('common:edit')}
          </Button>
        ) : null
      }
    >
      <HolderFacts holder={holder} />
      {editing ? <HolderEdit holder={holder} onClose={() => setEditing(false)} onChanged={onChanged} /> : null}
    </Panel>
  )
}

function EnrolmentsPanel({ rows }: { rows: readonly EnrolmentRow[] }) {
  const { t } = useTranslation('desk')
  return (
    <Panel title={t('people.enrolments')} flush bounded={t('people.enrolments')}>
      {rows.length === 0 ? (
        <EmptyState title={t('people.noEnrolment')} />
      ) : (
        <ul className={css.queue}>
          {rows.map((row) => (
            <li key={row.id}>
              <span>
                <ToneBadge tone={ENROLMENT_TONES[row.state]}>{t(`common:enrolmentState.${row.state}`)}</ToneBadge>
                <br />
                <span className={css.muted}>
                  <Moment at={row.createdAt} /> · {row.officer.name}
                </span>
              </span>
              <Button component="a" size="xs" variant="default" href={formatRoute(['enrol', row.id])}>
                {t(`queue.action.${row.state}`)}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
