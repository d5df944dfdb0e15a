import { Button, FocusTrap, Group } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { IconLock } from '../../ui/icons.ts'
import { CardBar } from '../parts/CardBar.tsx'
import { useDeskState } from '../stores/desk-state.ts'
import { signOut } from '../stores/session-actions.ts'
import { SignInWithCard } from './SignIn.tsx'
import css from './screens.module.css'

/** Over everything while locked. What was on screen stays below, out of sight and reach, for the same operator. */
export function LockOverlay() {
  const { t } = useTranslation('desk')
  const session = useDeskState((state) => state.session)
  if (session?.status !== 'locked') return null
  const name = session.session.operator.name
  return (
    <FocusTrap active>
      <div className={css.overlay} role="dialog" aria-modal="true" aria-labelledby="locked-title">
        <div className={css.overlayBar}>
          <CardBar />
        </div>
        <div className={css.signInBox} style={{ padding: 24 }}>
          <Group gap="sm" mb="xs" wrap="nowrap">
            <IconLock size={28} aria-hidden />
            <h1 id="locked-title">{t('locked.title')}</h1>
          </Group>
          <p style={{ margin: '0 0 16px' }} role="status">
            {t(`locked.${session.why}`, { name })}
          </p>
          <SignInWithCard action={t('locked.unlock')} expected={session.session} />
          <Group justify="space-between" mt="md">
            <p className={css.muted}>{t('locked.kept', { name })}</p>
            <Button variant="subtle" onClick={signOut}>
              {t('operator.signOut')}
            </Button>
          </Group>
        </div>
      </div>
    </FocusTrap>
  )
}
