import { Menu, Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ConnectionState } from '../../../shared/contract/desk.ts'
import { IconCloudOff, IconKeyboard, IconLock, IconLogout, IconPlugConnectedX, IconServer } from '../../ui/icons.ts'
import { ToneIcon, type Tone } from '../../ui/Tone.tsx'
import { lockDesk, signOut } from '../stores/session-actions.ts'
import { useDeskState, useReaders, useSession } from '../stores/desk-state.ts'
import css from './card-bar.module.css'
import { ReaderButton } from './ReaderButton.tsx'
import { WitnessAlarm } from './WitnessAlarm.tsx'

/** Always in view: each reader with its card, the connection, the operator and office (not while locked: no `onKeys`). */
export function CardBar({ onKeys }: { onKeys?: () => void }) {
  const { t } = useTranslation('desk')
  const readers = useReaders()
  const connection = useDeskState((state) => state.connection)
  return (
    <>
      <div className={css.bar}>
        <ul className={css.readers} aria-label={t('bar.readers')}>
          {readers.map((reader, index) => (
            <li key={reader.name}>
              <ReaderButton reader={reader} index={index} />
            </li>
          ))}
          {readers.length === 0 ? (
            <li className={css.status}>
              <IconPlugConnectedX size={20} aria-hidden />
              {t('bar.noReader')}
            </li>
          ) : null}
        </ul>
        <div className={css.side}>
          {connection === null ? null : <Connection connection={connection} />}
          {onKeys === undefined ? null : <Operator onKeys={onKeys} />}
        </div>
      </div>
      <WitnessAlarm />
      {connection?.keys === 'software' ? (
        <div className={css.warning}>
          <ToneIcon tone="warn" />
          {t('common:keyStore.software')}
        </div>
      ) : null}
    </>
  )
}

const TONE: Readonly<Record<ConnectionState['server'], Tone>> = { connecting: 'info', online: 'ok', offline: 'bad' }

function Connection({ connection }: { connection: ConnectionState }) {
  const { t } = useTranslation('desk')
  const info = useDeskState((state) => state.info)
  const word =
    connection.cardService === 'running'
      ? t(`connection.${connection.server}`)
      : t(`cardService.${connection.cardService}`)
  const tone = connection.cardService === 'running' ? TONE[connection.server] : 'warn'
  const Icon = connection.server === 'offline' ? IconCloudOff : IconServer
  return (
    <Tooltip label={t('connection.to', { server: info?.server.name ?? '' })}>
      <span className={css.status} role="status" data-testid="connection">
        <Icon size={18} aria-hidden />
        <ToneIcon tone={tone} />
        <span>
          {word}
          {connection.waiting > 0 ? ` · ${t('connection.waiting', { count: connection.waiting })}` : ''}
        </span>
      </span>
    </Tooltip>
  )
}

function Operator({ onKeys }: { onKeys: () => void }) {
  const { t } = useTranslation('desk')
  const session = useSession()
  if (session === null) return null
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <button type="button" className={css.person}>
          <span className={css.who}>{session.operator.name}</span>
          <span className="cs-hidden">, {t('operator.menu')} </span>
          <span className={css.state}>{session.office?.name ?? t(`common:role.${session.role}`)}</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t(`common:role.${session.role}`)}</Menu.Label>
        <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden />} onClick={onKeys}>
          {t('common:keys.title')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLock size={16} aria-hidden />} onClick={lockDesk}>
          {t('operator.lock')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={signOut}>
          {t('operator.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
