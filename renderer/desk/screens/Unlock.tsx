import { Checkbox, Textarea } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { IdentityCheck, type CardView, type HolderView, type ReaderView } from '../../../shared/contract/views.ts'
import type { CardComparison } from '../../../shared/contract/desk.ts'
import { formatSerial } from '../../ui/format.ts'
import { Column, Columns, Panel, Screen } from '../../ui/Screen.tsx'
import { LoadView } from '../../ui/States.tsx'
import { Notice } from '../../ui/Tone.tsx'
import { useLoad } from '../../ui/use-load.ts'
import { desk, sendSealed } from '../desk.ts'
import { CardChoice } from '../parts/CardChoice.tsx'
import { HolderFacts } from '../parts/HolderFacts.tsx'
import { NewPinForm } from '../parts/NewPinForm.tsx'
import { TriesLeft } from '../parts/TriesLeft.tsx'
import { WaitForCard } from '../parts/WaitForCard.tsx'
import { unblockObstacle } from '../stores/card-actions.ts'
import { useOfficerReader, useReaders } from '../stores/desk-state.ts'
import { FindHolder } from './FindHolder.tsx'
import css from './screens.module.css'

/** A blocked or forgotten PIN at the counter: the card, who is asking, the holder's new PIN through the PUK nobody sees. */
export function Unlock({ query }: { query: Readonly<Record<string, string>> }) {
  const { t } = useTranslation('desk')
  const readers = useReaders()
  const officer = useOfficerReader()
  const [chosen, setChosen] = useState<string | null>(query['reader'] ?? null)
  // The agent's own card is not the one to unblock.
  const cards = readers.filter((reader) => reader.name !== officer && reader.card !== null)
  const reader = cards.find((candidate) => candidate.name === chosen) ?? cards[0]
  return (
    <Screen title={t('screen.unlock')} subtitle={t('unlock.subtitle')}>
      <Columns>
        <Column span={8}>
          {cards.length > 1 ? (
            <div style={{ marginBottom: 16 }}>
              <CardChoice readers={cards} chosen={reader?.name ?? null} onChoose={setChosen} />
            </div>
          ) : null}
          {reader === undefined ? (
            <WaitForCard readers={readers.filter((candidate) => candidate.name !== officer)} />
          ) : (
            <CardToUnblock key={`${reader.name} ${reader.card?.serial ?? ''}`} reader={reader} />
          )}
        </Column>
        <Column span={4}>
          <FindHolder />
        </Column>
      </Columns>
    </Screen>
  )
}

function CardToUnblock({ reader }: { reader: ReaderView }) {
  const { t } = useTranslation('desk')
  const inspected = useLoad(
    useCallback(async () => {
      const comparison: CardComparison = await desk.call('cards.inspect', { reader: reader.name })
      const id = comparison.known?.holder?.id
      const holder = id === undefined ? null : (await desk.call('holders.get', { id })).holder
      return { known: comparison.known, holder }
    }, [reader.name]),
  )
  return (
    <LoadView load={inspected} right="card.unblock">
      {({ known, holder }) => {
        const obstacle = unblockObstacle(reader, known, true)
        return obstacle !== null || known === null || holder === null ? (
          <Notice
            tone={obstacle === 'puk-blocked' ? 'bad' : 'warn'}
            title={t(`unlock.obstacle.${obstacle ?? 'unknown-card'}.what`)}
            testId="obstacle"
          >
            <p>{t(`unlock.obstacle.${obstacle ?? 'unknown-card'}.todo`)}</p>
          </Notice>
        ) : (
          <UnblockForm reader={reader} known={known} holder={holder} />
        )
      }}
    </LoadView>
  )
}

const NEEDED = 2

function UnblockForm({ reader, known, holder }: { reader: ReaderView; known: CardView; holder: HolderView }) {
  const { t } = useTranslation('desk')
  const [checks, setChecks] = useState<IdentityCheck[]>([])
  const [reason, setReason] = useState('')
  const [done, setDone] = useState(false)
  const open = checks.length >= NEEDED && reason.trim() !== ''
  if (done)
    return (
      <Notice tone="ok" live title={t('unlock.done', { name: known.holder?.name ?? '' })} testId="unblocked">
        <p>{t('unlock.doneHint')}</p>
        <div style={{ marginTop: 8 }}>
          <TriesLeft left={reader.card?.pinTries ?? null} most={reader.card?.pinTriesMax ?? null} />
        </div>
      </Notice>
    )
  return (
    <div style={{ display: 'grid', gap: 12 }}>
      <Panel
        title={
          <>
            {t('unlock.card')} <span className="cs-mono">{formatSerial(known.serial)}</span>
          </>
        }
        actions={
          <span style={{ display: 'flex', gap: 8 }}>
            <TriesLeft left={reader.card?.pinTries ?? null} most={reader.card?.pinTriesMax ?? null} />
            <TriesLeft what="puk" left={reader.card?.pukTries ?? null} most={reader.card?.pukTriesMax ?? null} />
          </span>
        }
      >
        <HolderFacts holder={holder} brief />
      </Panel>
      <Panel title={t('unlock.identity')}>
        <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
          <legend style={{ padding: 0, marginBottom: 8 }}>{t('unlock.identityHint', { count: NEEDED })}</legend>
          <div className={css.checks}>
            {IdentityCheck.options.map((check) => (
              <Checkbox
                key={check}
                label={t(`check.${check}`)}
                checked={checks.includes(check)}
                onChange={(event) => {
                  const on = event.currentTarget.checked
                  setChecks((old) =>
                    IdentityCheck.options.filter((other) => (other === check ? on : old.includes(other))),
                  )
                }}
              />
            ))}
          </div>
        </fieldset>
        <Textarea
          mt="xs"
          label={t('unlock.reason')}
          placeholder={t('unlock.reasonHint')}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={500}
          rows={1}
          autosize
          withAsterisk
        />
      </Panel>
      <Panel title={t('unlock.newPin')}>
        <NewPinForm
          inBar
          action={t('unlock.action')}
          disabled={!open}
          onPin={async (newPin) => {
            await sendSealed('new-pin', { newPin }, { card: known.serial }, (sealed) =>
              desk.call('cards.unblock', { reader: reader.name, serial: known.serial, checks, reason, newPin: sealed }),
            )
            setDone(true)
          }}
        >
          <p style={{ margin: 0 }}>
            {open ? t('handOver.turn', { name: known.holder?.name ?? '' }) : t('unlock.first', { count: NEEDED })}
          </p>
        </NewPinForm>
      </Panel>
    </div>
  )
}
