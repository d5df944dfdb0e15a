import { Button } from '@mantine/core'
import { useCallback, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { ExportSelection } from '../../../../shared/contract/routes/exports.ts'
import { IconListSearch } from '../../../ui/icons.ts'
import { Screen } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { parseSelection } from '../../route/export-selection.ts'
import { OrderForm } from './OrderForm.tsx'

function Estimated({ selection }: { selection: ExportSelection }) {
  const { client } = useConsole()
  const load = useLoad(
    useCallback(() => valueOf(client.call('estimateExport', { body: { selection } })), [client, selection]),
  )
  return (
    <LoadView load={load} right="audit.export">
      {(estimate) => <OrderForm selection={selection} estimate={estimate} />}
    </LoadView>
  )
}

/** What the address selects, counted first; then how it is to be written, signed and proved. */
export function NewExport({ query }: { query: Readonly<Record<string, string>> }) {
  const { t } = useTranslation('exports')
  const asked = JSON.stringify(parseSelection(query))
  const selection = useMemo(() => ExportSelection.nullable().parse(JSON.parse(asked)), [asked])
  return (
    <Screen title={t('console:screen.export-new')} subtitle={t('new.subtitle')}>
      {selection === null ? (
        <EmptyState
          title={t('new.nothing')}
          action={
            <Button
              component="a"
              href="#/audit"
              variant="default"
              leftSection={<IconListSearch size={16} aria-hidden />}
            >
              {t('new.toAudit')}
            </Button>
          }
        >
          {t('new.nothingWhy')}
        </EmptyState>
      ) : (
        <Estimated selection={selection} />
      )}
    </Screen>
  )
}
