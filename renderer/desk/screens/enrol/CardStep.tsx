import { Button } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../../shared/contract/result.ts'
import type { CardProfile, EnrolmentView } from '../../../../shared/contract/views.ts'
import { failureOf } from '../../../ui/failure.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { goTo } from '../../../ui/route.ts'
import { ActionBar, Panel } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { desk } from '../../desk.ts'
import { isBeforeSigning, keepEnrolment, stepOf } from '../../stores/enrolments.ts'
import css from '../screens.module.css'

/** Which kind of card: keys, certificates, validity and tries of each profile, side by side. */
export function CardStep({ view }: { view: EnrolmentView }) {
  const { t } = useTranslation('desk')
  const profiles = useLoad(useCallback(() => desk.call('profiles.list', {}), []))
  const [chosen, setChosen] = useState<string | null>(view.profile?.id ?? null)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const open = isBeforeSigning(view)
  const goOn = async (profile: string) => {
    setBusy(true)
    setFailure(undefined)
    try {
      const next =
        view.profile?.id === profile
          ? view
          : keepEnrolment(await desk.call('enrolments.chooseProfile', { id: view.id, etag: view.etag, profile }))
      goTo(['enrol', view.id, stepOf(next)])
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <LoadView load={profiles} right="profile.read">
      {(list) => {
        const selected = chosen ?? (list.length === 1 ? list[0]?.id : undefined)
        return list.length === 0 ? (
          <Panel>
            <EmptyState title={t('profile.none')}>{t('profile.noneHint')}</EmptyState>
          </Panel>
        ) : (
          <div>
            <fieldset className={css.choices} disabled={!open}>
              <legend style={{ marginBottom: 8 }}>{t('profile.choose')}</legend>
              {list.map((profile) => (
                <ProfileChoice
                  key={profile.id}
                  profile={profile}
                  checked={profile.id === selected}
                  onChoose={() => setChosen(profile.id)}
                />
              ))}
            </fieldset>
            {failure === undefined ? null : (
              <div style={{ marginTop: 16 }}>
                <FailureNotice failure={failure} />
              </div>
            )}
            <ActionBar start={open ? undefined : <span className={css.muted}>{t('identity.fixed')}</span>}>
              <Button
                data-primary
                loading={busy}
                disabled={selected === undefined}
                onClick={() =>
                  void (open && selected !== undefined ? goOn(selected) : goTo(['enrol', view.id, stepOf(view)]))
                }
              >
                {open ? t('profile.take') : t('enrol.goOn', { step: t(`step.${stepOf(view)}`) })}
              </Button>
            </ActionBar>
          </div>
        )
      }}
    </LoadView>
  )
}

function ProfileChoice(props: { profile: CardProfile; checked: boolean; onChoose: () => void }) {
  const { t, i18n } = useTranslation('desk')
  const language = i18n.language === 'it' ? 'it' : 'en'
  const { profile } = props
  return (
    <label className={css.choice}>
      <input
        type="radio"
        name="profile"
        checked={props.checked}
        onChange={props.onChoose}
        aria-label={profile.name[language]}
      />
      <span style={{ minWidth: 0 }}>
        <strong>{profile.name[language]}</strong>
        <br />
        {profile.description[language]}
        <br />
        <span className={css.muted}>
          {profile.keys
            .map((key) => `${t(`common:slot.${key.slot}`)} (${t(`common:algorithm.${key.algorithm}`)})`)
            .join(' · ')}
        </span>
        <br />
        <span className={css.muted}>
          {t('profile.validity', { count: Math.round(profile.validityDays / 365) })} ·{' '}
          {t('profile.tries', { pin: profile.pinTries, puk: profile.pukTries })}
        </span>
      </span>
      <span />
    </label>
  )
}
