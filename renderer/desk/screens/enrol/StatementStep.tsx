import { Button } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { EnrolmentView, RegistrationRecord } from '../../../../shared/contract/views.ts'
import { IconSignature } from '../../../ui/icons.ts'
import { Moment } from '../../../ui/Moment.tsx'
import { formatRoute, goTo } from '../../../ui/route.ts'
import { ActionBar, Panel } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { desk, sendSealed } from '../../desk.ts'
import { PinDialog } from '../../parts/PinDialog.tsx'
import { useContradicted, useMay, useOfficerReader, useReaders, useSession } from '../../stores/desk-state.ts'
import { keepEnrolment, stepOf } from '../../stores/enrolments.ts'
import { Statement } from './Statement.tsx'
import css from '../screens.module.css'

/** The registration record, readable, and its signature with the officer's own card (9C, the PIN asked again). */
export function StatementStep({ view }: { view: EnrolmentView }) {
  const { t } = useTranslation('desk')
  // A new version of the enrolment is a new record: signed is what was read.
  const record = useLoad(useCallback(() => desk.call('enrolments.record', { id: view.id }), [view.id]))
  const contradicted = useContradicted()
  const maySign = useMay('enrolment.sign')
  const [asking, setAsking] = useState(false)
  const signed = view.signedAt !== null
  return (
    <div>
      <LoadView load={record} right="enrolment.read">
        {(shown) => (
          <>
            <Panel>
              <Statement record={shown} profile={view.profile} />
            </Panel>
            {signed && view.signedAt !== null ? (
              <ActionBar
                start={
                  <span>
                    {t('statement.signedBy', { name: view.officer.name })} <Moment at={view.signedAt} />
                  </span>
                }
              >
                <Button component="a" data-primary href={formatRoute(['enrol', view.id, stepOf(view)])}>
                  {t('enrol.goOn', { step: t(`step.${stepOf(view)}`) })}
                </Button>
              </ActionBar>
            ) : maySign ? (
              <ActionBar start={<span className={css.muted}>{t('statement.fixes')}</span>}>
                <Button
                  data-primary
                  disabled={contradicted}
                  leftSection={<IconSignature size={18} aria-hidden />}
                  onClick={() => setAsking(true)}
                >
                  {t('statement.sign')}
                </Button>
              </ActionBar>
            ) : (
              <div style={{ marginTop: 12 }}>
                <Notice tone="info" title={t('statement.notYou')} />
              </div>
            )}
            <SignDialog view={view} record={shown} opened={asking} onClose={() => setAsking(false)} />
          </>
        )}
      </LoadView>
    </div>
  )
}

function SignDialog(props: { view: EnrolmentView; record: RegistrationRecord; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('desk')
  const session = useSession()
  const name = useOfficerReader()
  const reader = useReaders().find((candidate) => candidate.name === name) ?? null
  return (
    <PinDialog
      opened={props.opened}
      onClose={props.onClose}
      title={t('statement.sign')}
      reader={reader}
      action={t('statement.signAction')}
      onPin={async (pin) => {
        const next = await sendSealed('pin', { pin }, { card: reader?.card?.serial ?? null }, (sealed) =>
          desk.call('enrolments.sign', { id: props.view.id, etag: props.view.etag, pin: sealed, record: props.record }),
        )
        props.onClose()
        keepEnrolment(next)
        goTo(['enrol', next.id, stepOf(next)])
      }}
    >
      <p style={{ margin: 0 }}>
        {t('statement.signAs', {
          name: session?.operator.name ?? '',
          holder: `${props.record.holder.givenNames} ${props.record.holder.familyName}`,
        })}
      </p>
    </PinDialog>
  )
}
