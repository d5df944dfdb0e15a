import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { CardView, ReaderView } from '../../../shared/contract/views.ts'
import { rolesWith } from '../../../shared/contract/permissions.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { goTo } from '../../ui/route.ts'
import { Panel } from '../../ui/Screen.tsx'
import { Notice } from '../../ui/Tone.tsx'
import { desk, sendSealed } from '../desk.ts'
import { NewPinForm } from '../parts/NewPinForm.tsx'
import { PinDialog } from '../parts/PinDialog.tsx'
import { TriesLeft } from '../parts/TriesLeft.tsx'
import { cardActions, type CardAction } from '../stores/card-actions.ts'
import { useMay } from '../stores/desk-state.ts'
import css from './screens.module.css'

/** What can be done with the card now, and why the rest cannot. */
export function CardActions({ reader, known }: { reader: ReaderView; known: CardView | null }) {
  const { t } = useTranslation('desk')
  const mayUnblock = useMay('card.unblock')
  const [open, setOpen] = useState<CardAction | null>(null)
  const [done, setDone] = useState<'check' | 'change' | null>(null)
  const serial = reader.card?.serial ?? null
  const start = (action: CardAction) => {
    setDone(null)
    if (action === 'unblock') goTo(['unlock'], { query: { reader: reader.name } })
    else setOpen(action)
  }
  const who = rolesWith('card.unblock')
    .map((role) => t(`common:role.${role}`))
    .join(', ')
  return (
    <Panel flush title={t('card.actions')}>
      {done === null ? null : (
        <div style={{ padding: 16 }}>
          <Notice tone="ok" live title={t(`card.done.${done}`)} testId="card-done" />
        </div>
      )}
      <ul className={css.queue}>
        {cardActions(reader, known, mayUnblock).map(({ action, why }) => (
          <li key={action}>
            <span>
              <strong>{t(`card.action.${action}`)}</strong>
              <br />
              <span className={css.muted}>
                {why === null ? t(`card.actionHint.${action}`) : t(`card.why.${why}`, { who })}
              </span>
            </span>
            {why === null ? (
              <Button size="xs" variant="default" onClick={() => start(action)}>
                {t(`card.action.${action}`)}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      <PinDialog
        opened={open === 'check'}
        onClose={() => setOpen(null)}
        title={t('card.action.check')}
        reader={reader}
        action={t('card.action.check')}
        onPin={async (pin) => {
          await sendSealed('pin', { pin }, { card: serial }, (sealed) =>
            desk.call('cards.checkPin', { reader: reader.name, pin: sealed }),
          )
          setOpen(null)
          setDone('check')
        }}
      >
        <p style={{ margin: 0 }}>{t('card.holderTypes')}</p>
      </PinDialog>
      <Dialog opened={open === 'change'} onClose={() => setOpen(null)} title={t('card.action.change')} size={520}>
        <NewPinForm
          action={t('card.action.change')}
          askPresent
          onPin={async (newPin, pin) => {
            await sendSealed('change-pin', { pin, newPin }, { card: serial }, (sealed) =>
              desk.call('cards.changePin', { reader: reader.name, pins: sealed }),
            )
            setOpen(null)
            setDone('change')
          }}
        >
          <p style={{ margin: 0 }}>{t('card.holderTypes')}</p>
          <TriesLeft left={reader.card?.pinTries ?? null} most={reader.card?.pinTriesMax ?? null} />
        </NewPinForm>
      </Dialog>
    </Panel>
  )
}
