import { Button } from '@mantine/core'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { EnrolmentRow } from '../../../shared/contract/views.ts'
import { formatRoute, goTo } from '../../ui/route.ts'
import { IconUserPlus } from '../../ui/icons.ts'
import { ActionBar, Column, Columns, Facts, Panel, Screen } from '../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import { ToneBadge } from '../../ui/Tone.tsx'
import { Moment } from '../../ui/Moment.tsx'
import { useLoad } from '../../ui/use-load.ts'
import { desk } from '../desk.ts'
import { ENROLMENT_TONES, QUEUES, queueOf } from '../stores/queue.ts'
import { useDeskState, useMay, useSession } from '../stores/desk-state.ts'
import css from './screens.module.css'

/** What needs me: interrupted first, then what waits for a card, a hand-over, and the drafts. */
export function Today() {
  const { t } = useTranslation('desk')
  const session = useSession()
  const mayEnrol = useMay('enrolment.write')
  const open = useLoad(useCallback(() => desk.call('enrolments.list', { open: true, limit: 200 }), []))
  return (
    <Screen title={t('screen.today')} subtitle={session?.office?.name}>
      <LoadView load={open} right="enrolment.read">
        {({ items }) => (
          <Columns>
            <Column span={8}>
              {items.length === 0 ? (
                <Panel>
                  <EmptyState title={t('today.empty')}>{t('today.emptyHint')}</EmptyState>
                </Panel>
              ) : (
                <Queues rows={items} />
              )}
            </Column>
            <Column span={4}>
              <Me />
            </Column>
          </Columns>
        )}
      </LoadView>
      {mayEnrol ? (
        <ActionBar>
          <Button data-primary leftSection={<IconUserPlus size={18} aria-hidden />} onClick={() => goTo(['enrol'])}>
            {t('today.enrol')}
          </Button>
        </ActionBar>
      ) : null}
    </Screen>
  )
}

function Queues({ rows }: { rows: readonly EnrolmentRow[] }) {
  const { t } = useTranslation('desk')
  const queues = queueOf(rows)
  return (
    <div className={`${css.column} ${css.scrolls}`}>
      {QUEUES.filter((name) => queues[name].length > 0).map((name) => (
        <Panel key={name} flush title={t(`queue.${name}`, { count: queues[name].length })} testId={`queue-${name}`}>
          <ul className={css.queue}>
            {queues[name].map((row) => (
              <QueueRow key={row.id} row={row} />
            ))}
          </ul>
        </Panel>
      ))}
    </div>
  )
}

function QueueRow({ row }: { row: EnrolmentRow }) {
  const { t } = useTranslation('desk')
  return (
    <li className={css.waiting}>
      <strong>{row.holderName}</strong>
      <ToneBadge tone={ENROLMENT_TONES[row.state]}>{t(`common:enrolmentState.${row.state}`)}</ToneBadge>
      <span className={css.muted} title={row.officer.name}>
        <Moment at={row.updatedAt} />
      </span>
      <Button
        component="a"
        href={formatRoute(['enrol', row.id])}
        size="xs"
        variant="default"
        aria-label={t('queue.goOnWith', { action: t(`queue.action.${row.state}`), name: row.holderName })}
      >
        {t(`queue.action.${row.state}`)}
      </Button>
    </li>
  )
}

function Me() {
  const { t } = useTranslation('desk')
  const session = useSession()
  const info = useDeskState((state) => state.info)
  if (session === null) return null
  return (
    <Panel title={session.operator.name}>
      <Facts
        rows={[
          [t('me.role'), t(`common:role.${session.role}`)],
          [t('me.office'), session.office === null ? null : `${session.office.name}, ${session.office.division}`],
          [t('me.station'), info?.station.name ?? null],
          [t('me.since'), <Moment key="since" at={session.createdAt} show="time" />],
          [
            t('me.last'),
            session.lastSignInAt === null ? t('me.first') : <Moment key="last" at={session.lastSignInAt} />,
          ],
        ]}
      />
    </Panel>
  )
}
