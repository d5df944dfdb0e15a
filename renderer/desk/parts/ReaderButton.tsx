import { Popover } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ReaderView } from '../../../shared/contract/views.ts'
import { formatSerial } from '../../ui/format.ts'
import { IconCreditCard, IconCreditCardOff } from '../../ui/icons.ts'
import { Facts } from '../../ui/Screen.tsx'
import { ToneIcon } from '../../ui/Tone.tsx'
import { useDeskState, useOfficerReader } from '../stores/desk-state.ts'
import { ownerOf, readerTone, readerWord } from '../stores/reader-facts.ts'
import css from './card-bar.module.css'
import { DemoReader } from './DemoReader.tsx'
import { TriesLeft } from './TriesLeft.tsx'
import { useNow } from './use-now.ts'

/** One reader of the bar: whose card, its state in words; the popover tells more and, in a demonstration, moves cards. */
export function ReaderButton({ reader, index }: { reader: ReaderView; index: number }) {
  const { t } = useTranslation('desk')
  const mine = useOfficerReader() === reader.name
  const demo = useDeskState((state) => state.info?.demo === true)
  const word = readerWord(reader, useNow())
  const owner = ownerOf(reader)
  const title = owner ?? t(`reader.${word}.word`)
  const left = reader.card?.pinTries ?? null
  const state =
    owner === null
      ? reader.name
      : word === 'ready'
        ? [mine ? t('reader.yours') : null, left === null ? t('reader.ready.word') : t('tries.pin', { count: left })]
            .filter((part) => part !== null)
            .join(' · ')
        : t(`reader.${word}.word`)
  const Icon = reader.card === null ? IconCreditCardOff : IconCreditCard
  return (
    <Popover position="bottom-start" width={360} trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className={css.reader} data-testid={`reader-${index}`} data-state={word}>
          <Icon size={24} aria-hidden />
          <span className={css.lines}>
            <span className={css.who}>
              <span className="cs-hidden">{t('bar.reader', { number: index + 1 })} </span>
              {title}
            </span>
            <span className={css.state}>{state}</span>
          </span>
          <span style={{ color: `var(--cs-${TONE_COLOUR[readerTone(word)]})`, display: 'flex' }}>
            <ToneIcon tone={readerTone(word)} size={18} />
          </span>
        </button>
      </Popover.Target>
      <Popover.Dropdown>
        <ReaderFacts reader={reader} />
        {demo && reader.virtual ? <DemoReader reader={reader} /> : null}
      </Popover.Dropdown>
    </Popover>
  )
}

const TONE_COLOUR = { ok: 'ok', info: 'accent', warn: 'warn', bad: 'bad', idle: 'line' } as const

/** State, way out, and what the card tells about itself; `brief` where little room is. */
export function ReaderFacts({ reader, brief = false }: { reader: ReaderView; brief?: boolean }) {
  const { t } = useTranslation('desk')
  const word = readerWord(reader, useNow())
  const card = reader.card
  return (
    <>
      <p style={{ margin: '0 0 4px', fontWeight: 600 }}>
        {t(`reader.${word}.sentence`, { program: reader.busyWith ?? '' })}
      </p>
      <p style={{ margin: '0 0 8px', color: 'var(--mantine-color-dimmed)' }}>{t(`reader.${word}.wayOut`)}</p>
      <Facts
        rows={[
          [t('reader.name'), reader.name],
          [t('reader.kind'), brief ? null : (card?.kind ?? null)],
          [
            t('reader.serial'),
            card?.serial ? (
              <span key="serial" className="cs-mono">
                {formatSerial(card.serial)}
              </span>
            ) : null,
          ],
          [
            t('reader.atr'),
            word === 'unknown' && reader.atr ? (
              <span key="atr" className="cs-mono">
                {reader.atr}
              </span>
            ) : null,
          ],
          [
            t('reader.pin'),
            card === null || brief ? null : <TriesLeft key="pin" left={card.pinTries} most={card.pinTriesMax} />,
          ],
          [
            t('reader.puk'),
            card === null || brief ? null : (
              <TriesLeft key="puk" what="puk" left={card.pukTries} most={card.pukTriesMax} />
            ),
          ],
        ]}
      />
      {brief && card !== null ? (
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: '4px 8px', marginTop: 8 }}>
          <TriesLeft left={card.pinTries} most={card.pinTriesMax} />
          <TriesLeft what="puk" left={card.pukTries} most={card.pukTriesMax} />
        </div>
      ) : null}
    </>
  )
}
