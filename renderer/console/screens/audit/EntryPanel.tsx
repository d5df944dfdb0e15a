import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { IconChevronDown, IconHistory, IconX } from '../../../ui/icons.ts'
import { formatRoute } from '../../../ui/route.ts'
import { LoadView } from '../../../ui/States.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { EntryDetails } from '../../parts/EntryDetails.tsx'
import own from './audit.module.css'
import type { EntryRef } from '../../route/audit-filters.ts'
import { trailPath } from '../../route/location.ts'
import { useMay } from '../../stores/session-store.ts'
import { QUIET } from '../../parts/quiet.ts'

function Step(props: { label: string; onClick: () => void; up?: boolean }) {
  return (
    <Tooltip label={props.label}>
      <ActionIcon {...QUIET} aria-label={props.label} onClick={props.onClick}>
        <IconChevronDown size={18} style={props.up === true ? { rotate: '180deg' } : {}} />
      </ActionIcon>
    </Tooltip>
  )
}

/** The open entry beside the list; not modal, so that the next row is one key away. */
export function EntryPanel(props: { entry: EntryRef; onMove: (delta: 1 | -1) => void; onClose: () => void }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const mayTrail = useMay('trail.read')
  const { chain, sequence } = props.entry
  const load = useLoad(
    useCallback(() => valueOf(client.call('readAudit', { params: { chain, sequence } })), [client, chain, sequence]),
  )
  const title = t('audit.entry', { sequence })
  return (
    <aside className={own.entry} aria-label={title} data-testid="audit-entry">
      <div className={own.entryHead}>
        <h2>{title}</h2>
        {mayTrail && load.data !== undefined ? (
          <Button
            component="a"
            href={formatRoute(trailPath(load.data.objectType, load.data.objectId))}
            size="xs"
            variant="default"
            leftSection={<IconHistory size={16} aria-hidden />}
          >
            {t('audit.toTrail')}
          </Button>
        ) : null}
        <Step up label={t('audit.previous')} onClick={() => props.onMove(-1)} />
        <Step label={t('audit.next')} onClick={() => props.onMove(1)} />
        <Tooltip label={t('common:close')}>
          <ActionIcon {...QUIET} aria-label={t('common:close')} onClick={props.onClose}>
            <IconX size={18} />
          </ActionIcon>
        </Tooltip>
      </div>
      <div className={own.entryBody}>
        <LoadView load={load} right="audit.read">
          {(entry) => <EntryDetails entry={entry} />}
        </LoadView>
      </div>
    </aside>
  )
}
