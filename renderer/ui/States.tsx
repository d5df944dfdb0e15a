import { Button, Group, Skeleton, Stack } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../shared/contract/result.ts'
import type { Right } from '../../shared/contract/permissions.ts'
import { rolesWith } from '../../shared/contract/permissions.ts'
import { failureText } from './failure.ts'
import { IconAlertTriangle, IconClipboardCopy, IconCloudOff, IconLock, IconRefresh } from './icons.ts'
import css from './parts.module.css'
import { useDelayed, type Load } from './use-load.ts'

/** Nothing is here yet: what will be, and the action that starts it. Also "filtered to nothing". */
export function EmptyState(props: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={css.state}>
      {props.icon}
      <strong>{props.title}</strong>
      {props.children === undefined ? null : <p>{props.children}</p>}
      {props.action}
    </div>
  )
}

/** The screen exists, this operator may not use it: says who can. */
export function NotPermitted({ right }: { right?: Right | undefined }) {
  const { t } = useTranslation('common')
  const roles = right === undefined ? [] : rolesWith(right)
  const who = roles.map((role) => t(`role.${role}`)).join(', ')
  return (
    <EmptyState icon={<IconLock size={32} aria-hidden />} title={t('notPermitted.title')}>
      {roles.length === 0 ? t('notPermitted.ask') : t('notPermitted.who', { who })}
    </EmptyState>
  )
}

/** Copies code, id and time of an error, never more. */
export function CopyDetails({ failure }: { failure: Failure }) {
  const { t } = useTranslation('common')
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(failureText(failure, Date.now()))
    setCopied(true)
  }
  return (
    <Button
      size="xs"
      variant="subtle"
      leftSection={<IconClipboardCopy size={16} aria-hidden />}
      onClick={() => void copy().catch(() => setCopied(false))}
    >
      {copied ? t('copied') : t('copyDetails')}
    </Button>
  )
}

/** What happened, what to do, and the id to quote; as plain text for any place on a screen. */
export function FailureSentence({ failure }: { failure: Failure }) {
  const { t } = useTranslation('errors')
  return (
    <>
      <p>{t(`${failure.code}.todo`, failure.detail)}</p>
      <p style={{ fontSize: 12, color: 'var(--mantine-color-dimmed)' }}>
        {t('common:errorId', { id: failure.id, code: failure.code })}
      </p>
    </>
  )
}

/** A view that could not be had. Offline and "not permitted" have their own faces. */
export function FailureState({ failure, onRetry, right }: { failure: Failure; onRetry?: () => void; right?: Right }) {
  const { t } = useTranslation('errors')
  if (failure.code === 'ACCESS_DENIED') return <NotPermitted right={right} />
  const Icon = failure.code === 'NETWORK_OFFLINE' ? IconCloudOff : IconAlertTriangle
  return (
    <div role="alert">
      <EmptyState
        icon={<Icon size={32} aria-hidden />}
        title={t(`${failure.code}.what`, failure.detail)}
        action={
          <Group gap="xs" justify="center">
            {onRetry === undefined ? null : (
              <Button size="xs" leftSection={<IconRefresh size={16} aria-hidden />} onClick={onRetry}>
                {t('common:retry')}
              </Button>
            )}
            <CopyDetails failure={failure} />
          </Group>
        }
      >
        {t(`${failure.code}.todo`, failure.detail)}
        <br />
        {t('common:errorId', { id: failure.id, code: failure.code })}
      </EmptyState>
    </div>
  )
}

export function SkeletonRows({ rows = 5 }: { rows?: number }) {
  return (
    <Stack gap="xs" p="md" aria-hidden>
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} height={24} width={`${95 - ((i * 13) % 40)}%`} />
      ))}
    </Stack>
  )
}

/** Shows what a load gives; a skeleton after 300 ms, and the failure with its way out. */
export function LoadView<T>(props: {
  load: Load<T>
  children: (data: T) => ReactNode
  skeleton?: ReactNode
  right?: Right
}) {
  const { load } = props
  const { t } = useTranslation('common')
  const late = useDelayed(load.loading && load.data === undefined)
  if (load.data !== undefined) return props.children(load.data)
  if (load.failure !== undefined && !load.loading)
    return (
      <FailureState
        failure={load.failure}
        onRetry={load.reload}
        {...(props.right === undefined ? {} : { right: props.right })}
      />
    )
  return (
    <div aria-busy="true" style={{ minHeight: 160 }}>
      <span className="cs-hidden">{t('loading')}</span>
      {late ? (props.skeleton ?? <SkeletonRows />) : null}
    </div>
  )
}
