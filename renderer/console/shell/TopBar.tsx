import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { IconHelp, IconLogout, IconSearch, IconUser } from '../../ui/icons.ts'
import { ToneBadge } from '../../ui/Tone.tsx'
import { HealthBadge } from '../parts/HealthBadge.tsx'
import css from '../parts/console.module.css'
import own from './shell.module.css'
import { Instant } from '../parts/Instant.tsx'
import { LanguageChoice } from '../parts/LanguageChoice.tsx'
import { useHealth } from '../stores/health-store.ts'
import { useSignedIn } from '../stores/session-store.ts'
import { QUIET } from '../parts/quiet.ts'

function ServerState() {
  const { t } = useTranslation('console')
  const { data, failure } = useHealth()
  return (
    <>
      <a className={own.healthLink} href="#/health">
        <span className="cs-hidden">{t('bar.health')}</span>
        {data === undefined ? null : <span className={own.node}>{data.node}</span>}
        {failure === undefined ? (
          <HealthBadge state={data?.state ?? null} />
        ) : (
          <ToneBadge tone="bad">{t('bar.unreachable')}</ToneBadge>
        )}
      </a>
      {data?.keys === 'software' ? (
        <Tooltip label={t('keyStore.warning')} multiline w={320}>
          <span tabIndex={0} role="note">
            <ToneBadge tone="warn">{t('common:keyStore.software')}</ToneBadge>
          </span>
        </Tooltip>
      ) : null}
    </>
  )
}

function SessionMenu({ onSignOut }: { onSignOut: () => Promise<void> }) {
  const { t } = useTranslation('console')
  const session = useSignedIn()
  const roles = [...new Set(session.grants.map((grant) => grant.role))]
  return (
    <Menu position="bottom-end" width={300}>
      <Menu.Target>
        <Button {...QUIET} size="xs" leftSection={<IconUser size={16} aria-hidden />}>
          {session.operator.name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{roles.map((role) => t(`common:role.${role}`)).join(', ')}</Menu.Label>
        <Menu.Label>
          {t('bar.until')} <Instant at={session.expiresAt} />
        </Menu.Label>
        {session.lastSignInAt === null ? null : (
          <Menu.Label>
            {t('bar.lastSignIn')} <Instant at={session.lastSignInAt} />
          </Menu.Label>
        )}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void onSignOut()}>
          {t('bar.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

/** Which server, how it is, who is signed in. */
export function TopBar(props: { onPalette: () => void; onKeys: () => void; onSignOut: () => Promise<void> }) {
  const { t } = useTranslation('console')
  return (
    <div className={own.bar}>
      <ServerState />
      <div className={css.barEnd}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={<kbd>Ctrl K</kbd>}
          onClick={props.onPalette}
        >
          {t('bar.find')}
        </Button>
        <Tooltip label={t('common:keys.list')}>
          <ActionIcon {...QUIET} aria-label={t('common:keys.list')} onClick={props.onKeys}>
            <IconHelp size={20} />
          </ActionIcon>
        </Tooltip>
        <LanguageChoice small />
        <SessionMenu onSignOut={props.onSignOut} />
      </div>
    </div>
  )
}
