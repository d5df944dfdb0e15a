import { Button } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CardOnReader, ReaderView } from '../../../shared/contract/views.ts'
import { IconRefresh } from '../../ui/icons.ts'
import { Moment } from '../../ui/Moment.tsx'
import { formatRoute } from '../../ui/route.ts'
import { Column, Columns, Panel, Screen } from '../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../ui/States.tsx'
import { Notice, type Tone } from '../../ui/Tone.tsx'
import { useLoad } from '../../ui/use-load.ts'
import { desk } from '../desk.ts'
import { CardChoice } from '../parts/CardChoice.tsx'
import { KnownCard } from '../parts/KnownCard.tsx'
import { ReaderFacts } from '../parts/ReaderButton.tsx'
import { WaitForCard } from '../parts/WaitForCard.tsx'
import { useOfficerReader, useReaders } from '../stores/desk-state.ts'
import { workReader } from '../stores/reader-facts.ts'
import type { CardComparison } from '../../../shared/contract/desk.ts'
import { CardActions } from './CardActions.tsx'
import css from './screens.module.css'

/** What is in the reader now, what the server knows of it, and what can be done. */
export function Card() {
  const { t } = useTranslation('desk')
  const readers = useReaders()
  const officer = useOfficerReader()
  const [chosen, setChosen] = useState<string | null>(null)
  const filled = readers.filter((reader) => reader.state !== 'empty')
  const usual = workReader(readers, officer, null)
  const reader =
    filled.find((candidate) => candidate.name === chosen) ??
    filled.find((candidate) => candidate.name === usual?.name) ??
    filled[0]
  return (
    <Screen title={t('screen.card')}>
      {filled.length > 1 ? (
        <div style={{ marginBottom: 12 }}>
          <CardChoice readers={filled} chosen={reader?.name ?? null} onChoose={setChosen} label={t('card.which')} />
        </div>
      ) : null}
      {reader === undefined ? (
        <WaitForCard readers={readers} />
      ) : reader.card === null ? (
        <Panel title={reader.name}>
          <ReaderFacts reader={reader} />
        </Panel>
      ) : (
        <Inspected key={contentOf(reader.name, reader.card)} reader={reader} />
      )}
    </Screen>
  )
}

/** What the comparison depends on: a PIN try changes nothing of it, another card or certificate does. */
const contentOf = (name: string, card: CardOnReader): string =>
  [name, card.serial, ...card.certificates.map((certificate) => certificate.serial)].join(' ')

const TONES: Readonly<Record<CardComparison['findings'][number], Tone>> = {
  'unknown-card': 'warn',
  'certificate-missing': 'warn',
  'certificate-foreign': 'bad',
  'card-terminated': 'bad',
  'card-suspended': 'warn',
  'in-personalisation': 'info',
  'certificate-expired': 'warn',
  'certificate-revoked': 'bad',
}

function Inspected({ reader }: { reader: ReaderView }) {
  const { t } = useTranslation('desk')
  const load = useLoad(useCallback(() => desk.call('cards.inspect', { reader: reader.name }), [reader.name]))
  return (
    <Columns>
      <Column span={4}>
        <OnTheCard reader={reader} onAgain={load.reload} busy={load.loading && load.data !== undefined} />
      </Column>
      <Column span={8}>
        <LoadView load={load} right="card.read">
          {({ known, findings }) => (
            <Columns>
              <Column span={6}>
                {known === null ? (
                  <Panel title={t('card.server')}>
                    <EmptyState title={t('card.unknown')}>{t('card.unknownHint')}</EmptyState>
                  </Panel>
                ) : (
                  <KnownCard card={known} onChanged={load.reload} />
                )}
              </Column>
              <Column span={6}>
                <div style={{ display: 'grid', gap: 12 }}>
                  {findings.length === 0 && known !== null ? <Notice tone="ok" title={t('card.agrees')} /> : null}
                  {findings.map((finding) => (
                    <Notice
                      key={finding}
                      tone={TONES[finding]}
                      title={t(`finding.${finding}.what`)}
                      testId={`finding-${finding}`}
                    >
                      <p>{t(`finding.${finding}.todo`)}</p>
                    </Notice>
                  ))}
                  <CardActions reader={reader} known={known} />
                  {known === null || known.holder === null ? null : (
                    <a href={formatRoute(['people', known.holder.id])}>
                      {t('card.openHolder', { name: known.holder.name })}
                    </a>
                  )}
                </div>
              </Column>
            </Columns>
          )}
        </LoadView>
      </Column>
    </Columns>
  )
}

/** What the card itself tells, read from it. */
function OnTheCard({ reader, onAgain, busy }: { reader: ReaderView; onAgain: () => void; busy: boolean }) {
  const { t } = useTranslation('desk')
  return (
    <Panel
      title={t('card.inReader')}
      actions={
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<IconRefresh size={16} aria-hidden />}
          onClick={onAgain}
          loading={busy}
        >
          {t('card.readAgain')}
        </Button>
      }
    >
      <ReaderFacts reader={reader} />
      {(reader.card?.certificates ?? []).map((certificate) => (
        <div key={certificate.slot} style={{ marginTop: 8 }}>
          <strong>{t(`common:slot.${certificate.slot}`)}</strong>
          <br />
          {certificate.commonName ?? certificate.subject} · {t('certificate.until')}{' '}
          <Moment at={certificate.notAfter} show="day" />
          <br />
          <span className={css.muted}>
            {t('certificate.serial')} <span className="cs-mono">{certificate.serial}</span>
          </span>
        </div>
      ))}
    </Panel>
  )
}
