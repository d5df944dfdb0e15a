import type { TFunction } from 'i18next'
import { useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { GrantView, OperatorView } from '../../../shared/contract/index.ts'
import type { ListColumn } from '../../ui/DataList.tsx'
import { ToneBadge } from '../../ui/Tone.tsx'
import { formatRoute } from '../../ui/route.ts'
import { usePagedLoad } from '../../ui/use-load.ts'
import { valueOf } from '../client/value-of.ts'
import { useConsole } from '../console-context.ts'
import { ListScreen } from '../parts/ListScreen.tsx'
import { trailPath } from '../route/location.ts'
import { useMay } from '../stores/session-store.ts'

const operatorColumns = (t: TFunction): ListColumn<OperatorView>[] => {
  const grant = ({ role, scope }: GrantView) =>
    `${t(`common:role.${role}`)} (${scope.kind === 'everything' ? t('operators.everything') : scope.name})`
  return [
    { id: 'name', header: t('operators.name'), width: 'minmax(140px, 1fr)', cell: (row) => <b>{row.name}</b> },
    { id: 'email', header: t('operators.email'), width: 'minmax(160px, 1.2fr)', cell: (row) => row.email ?? '—' },
    {
      id: 'status',
      header: t('operators.status'),
      width: '120px',
      cell: (row) => (
        <ToneBadge tone={row.status === 'active' ? 'ok' : 'warn'}>{t(`operators.state.${row.status}`)}</ToneBadge>
      ),
    },
    {
      id: 'grants',
      header: t('operators.grants'),
      width: 'minmax(220px, 2fr)',
      cell: (row) => {
        const words = row.grants.map(grant).join(', ')
        return <span title={words}>{words === '' ? t('operators.noGrants') : words}</span>
      },
    },
    { id: 'id', header: t('operators.id'), width: '160px', cell: (row) => <span className="cs-mono">{row.id}</span> },
  ]
}

/** Operators and what they were granted; to read only. */
export function Operators() {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const mayTrail = useMay('trail.read')
  const [text, setText] = useState<string | null>(null)
  const load = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        valueOf(
          client.call('listOperators', {
            query: { ...(text === null ? {} : { text }), ...(cursor === undefined ? {} : { cursor }) },
          }),
        ),
      [client, text],
    ),
  )
  const columns = useMemo(() => operatorColumns(t), [t])
  return (
    <ListScreen
      title={t('screen.operators')}
      subtitle={t('operators.subtitle')}
      right="operator.read"
      load={load}
      columns={columns}
      rowKey={(row) => row.id}
      href={mayTrail ? (row) => formatRoute(trailPath('operator', row.id)) : undefined}
      find={{ label: t('operators.search'), text, onText: setText }}
      empty={t('operators.empty')}
      notFound={t('operators.notFound')}
    />
  )
}
