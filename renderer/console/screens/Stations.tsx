import type { TFunction } from 'i18next'
import { useCallback, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { StationView } from '../../../shared/contract/index.ts'
import type { ListColumn } from '../../ui/DataList.tsx'
import { ToneBadge } from '../../ui/Tone.tsx'
import { formatRoute } from '../../ui/route.ts'
import { usePagedLoad } from '../../ui/use-load.ts'
import { valueOf } from '../client/value-of.ts'
import { useConsole } from '../console-context.ts'
import { Instant } from '../parts/Instant.tsx'
import { ListScreen } from '../parts/ListScreen.tsx'
import { trailPath } from '../route/location.ts'
import { useMay } from '../stores/session-store.ts'

/** The server lists stations page by page and does not search them: the words are looked for in what was read. */
const holds = (station: StationView, text: string): boolean =>
  [station.name, station.office.name, station.office.division, station.id].some((word) =>
    word.toLocaleLowerCase().includes(text.toLocaleLowerCase()),
  )

const stationColumns = (t: TFunction): ListColumn<StationView>[] => [
  { id: 'name', header: t('stations.name'), width: 'minmax(140px, 1fr)', cell: (row) => <b>{row.name}</b> },
  { id: 'office', header: t('stations.office'), width: 'minmax(140px, 1fr)', cell: (row) => row.office.name },
  { id: 'division', header: t('stations.division'), width: 'minmax(120px, 1fr)', cell: (row) => row.office.division },
  {
    id: 'status',
    header: t('stations.status'),
    width: '120px',
    cell: (row) => (
      <ToneBadge tone={row.status === 'active' ? 'ok' : 'warn'}>{t(`stations.state.${row.status}`)}</ToneBadge>
    ),
  },
  {
    id: 'seen',
    header: t('stations.lastSeen'),
    width: '180px',
    cell: (row) => (row.lastSeenAt === null ? t('stations.never') : <Instant at={row.lastSeenAt} />),
  },
  { id: 'id', header: t('stations.id'), width: '180px', cell: (row) => <span className="cs-mono">{row.id}</span> },
]

/** Registered workstations; to read only. */
export function Stations() {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const mayTrail = useMay('trail.read')
  const [text, setText] = useState<string | null>(null)
  const load = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        valueOf(client.call('listStations', { query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) } })),
      [client],
    ),
  )
  const columns = useMemo(() => stationColumns(t), [t])
  return (
    <ListScreen
      title={t('screen.stations')}
      subtitle={t('stations.subtitle')}
      right="station.read"
      load={load}
      columns={columns}
      rowKey={(row) => row.id}
      href={mayTrail ? (row) => formatRoute(trailPath('station', row.id)) : undefined}
      find={{ label: t('stations.search'), text, onText: setText, holds }}
      empty={t('stations.empty')}
      notFound={t('stations.notFound')}
    />
  )
}
