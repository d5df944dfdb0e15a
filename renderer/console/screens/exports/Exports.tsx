import { Button } from '@mantine/core'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { ExportView } from '../../../../shared/contract/routes/exports.ts'
import { IconListSearch, IconRefresh } from '../../../ui/icons.ts'
import { goTo } from '../../../ui/route.ts'
import { Panel, Screen } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { usePagedLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { MoreButton } from '../../parts/MoreButton.tsx'
import tables from '../../parts/tables.module.css'
import { useReloadWhile } from '../../../ui/use-reload-while.ts'
import { ExportRow } from './ExportRow.tsx'

const isUnderWay = ({ state }: ExportView): boolean => state === 'waiting' || state === 'running'
/** Which one is open is in the address. */
const open = (id: string | null) => goTo(['exports'], { query: id === null ? {} : { id }, replace: true })

/** My exports, newest first: how far each is, what proves it, the file, and the second signature. */
export function Exports({ query }: { query: Readonly<Record<string, string>> }) {
  const { t } = useTranslation('exports')
  const { client } = useConsole()
  const shown = query['id'] ?? null
  const load = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        valueOf(client.call('listExports', { query: cursor === undefined ? {} : { cursor } })),
      [client],
    ),
  )
  const { reload } = load
  useReloadWhile(load, isUnderWay, reload)
  return (
    <Screen
      title={t('console:screen.exports')}
      subtitle={t('subtitle')}
      actions={
        <>
          <Button component="a" href="#/audit" variant="default" leftSection={<IconListSearch size={16} aria-hidden />}>
            {t('fromAudit')}
          </Button>
          <Button
            variant="default"
            leftSection={<IconRefresh size={16} aria-hidden />}
            loading={load.loading && load.data !== undefined && !load.data.some(isUnderWay)}
            onClick={reload}
          >
            {t('console:reload')}
          </Button>
        </>
      }
    >
      <LoadView load={load} right="audit.export">
        {(rows) => (
          <Panel flush>
            {rows.length === 0 ? (
              <EmptyState
                title={t('none')}
                action={
                  <Button component="a" href="#/audit">
                    {t('fromAudit')}
                  </Button>
                }
              >
                {t('noneWhy')}
              </EmptyState>
            ) : (
              <table className={tables.table}>
                <thead>
                  <tr>
                    <th scope="col">{t('column.asked')}</th>
                    <th scope="col">{t('column.what')}</th>
                    <th scope="col">{t('column.how')}</th>
                    <th scope="col">{t('column.state')}</th>
                    <th scope="col">
                      <span className="cs-hidden">{t('details')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map((row) => (
                    <ExportRow
                      key={row.id}
                      row={row}
                      open={row.id === shown}
                      onOpen={() => open(row.id === shown ? null : row.id)}
                      onChanged={reload}
                    />
                  ))}
                </tbody>
              </table>
            )}
            <MoreButton load={load} />
          </Panel>
        )}
      </LoadView>
    </Screen>
  )
}
