import { Button, Group, Progress } from '@mantine/core'
import { Fragment, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { ExportState, ExportView } from '../../../../shared/contract/routes/exports.ts'
import { selectionWords } from '../../../ui/selection-words.ts'
import { formatNumber } from '../../../ui/format.ts'
import { StopExport } from '../../../ui/StopExport.tsx'
import { ToneBadge, type Tone } from '../../../ui/Tone.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { ErrorWords } from '../../parts/ErrorWords.tsx'
import { Instant } from '../../parts/Instant.tsx'
import tables from '../../parts/tables.module.css'
import { ExportDetails } from './ExportDetails.tsx'
import css from './exports.module.css'

const TONES: Readonly<Record<ExportState, Tone>> = {
  waiting: 'idle',
  running: 'info',
  ready: 'ok',
  failed: 'bad',
  cancelled: 'idle',
  gone: 'idle',
}

function HowFar({ row }: { row: ExportView }) {
  const { t, i18n } = useTranslation('exports')
  const { written, total, phase } = row
  const percent = total === null || total === 0 ? 0 : Math.floor((written / total) * 100)
  return (
    <>
      <Progress.Root size="sm" mt={6} mb={4}>
        <Progress.Section value={percent} aria-label={t('progress')} />
      </Progress.Root>
      <span role="status">
        {phase === null ? null : t(`phase.${phase}`)}
        {total === null ? null : (
          <>
            <br />
            {t('written', {
              written: formatNumber(written, i18n.language),
              total: formatNumber(total, i18n.language),
            })}
          </>
        )}
      </span>
    </>
  )
}

/** One export in the list; its details lie below it when it is open. */
export function ExportRow(props: { row: ExportView; open: boolean; onOpen: () => void; onChanged: () => void }) {
  const { t, i18n } = useTranslation('exports')
  const { client } = useConsole()
  const { row } = props
  const details = useRef<HTMLButtonElement>(null)
  const onward = () => details.current
  const what = selectionWords(t, row.selection, i18n.language)
  const isUnderWay = row.state === 'waiting' || row.state === 'running'
  return (
    <Fragment>
      <tr data-testid="export" data-state={row.state}>
        <td>
          <Instant at={row.requestedAt} />
        </td>
        <th scope="row" className={css.what}>
          <p className={css.words} title={what}>
            {what}
          </p>
          <p className={css.quiet}>{row.reason}</p>
        </th>
        <td className={tables.whole}>
          {t(`new.formats.${row.format}.name`)}
          <br />
          <span className={css.quiet}>{row.level}</span>
        </td>
        <td className={css.state}>
          <ToneBadge tone={TONES[row.state]}>{t(`state.${row.state}`)}</ToneBadge>
          {row.state === 'running' ? <HowFar row={row} /> : null}
          {row.state !== 'ready' || row.keptUntil === null ? null : (
            <div className={css.quiet}>
              {t('keptUntil')} <Instant at={row.keptUntil} />
            </div>
          )}
          {row.error === null ? null : (
            <div>
              <ErrorWords code={row.error} />
            </div>
          )}
        </td>
        <td>
          <Group gap={4} justify="flex-end" wrap="nowrap">
            <StopExport
              what={what}
              isUnderWay={isUnderWay}
              size="compact-xs"
              stop={() => valueOf(client.call('cancelExport', { params: { id: row.id } }))}
              onStopped={props.onChanged}
              onward={onward}
            />
            <Button
              ref={details}
              size="compact-xs"
              variant={row.state === 'ready' && !props.open ? 'filled' : 'default'}
              aria-expanded={props.open}
              aria-label={t('detailsOf', { what })}
              onClick={props.onOpen}
            >
              {t('details')}
            </Button>
          </Group>
        </td>
      </tr>
      {props.open ? (
        <tr>
          <td colSpan={5}>
            <ExportDetails row={row} onChanged={props.onChanged} onward={onward} />
          </td>
        </tr>
      ) : null}
    </Fragment>
  )
}
