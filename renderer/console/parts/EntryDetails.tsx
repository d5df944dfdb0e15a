import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { AuditEntryView } from '../../../shared/contract/index.ts'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { IconDownload } from '../../ui/icons.ts'
import { formatRoute } from '../../ui/route.ts'
import { Facts } from '../../ui/Screen.tsx'
import { saveFile } from '../../ui/save-file.ts'
import { useConsole } from '../console-context.ts'
import { useAction } from '../stores/use-action.ts'
import { useMay } from '../stores/session-store.ts'
import { ActionBadge } from './ActionBadge.tsx'
import { Actor, officeWord, stationWord } from './Actor.tsx'
import { CopyText } from './CopyText.tsx'
import css from './console.module.css'
import { Difference } from './Difference.tsx'
import { Erased } from './Erased.tsx'
import { IconLink } from './icons.ts'
import { Instant } from './Instant.tsx'
import { ObjectName } from './ObjectName.tsx'

function Long({ text, what }: { text: string; what: string }) {
  return (
    <span className={css.long}>
      <span className="cs-mono">{text}</span>
      <CopyText text={text} what={what} />
    </span>
  )
}

function Who({ entry }: { entry: AuditEntryView }) {
  const { t } = useTranslation('console')
  return (
    <>
      <Actor entry={entry} />
      {entry.role === null ? null : `, ${t(`common:role.${entry.role}`, { defaultValue: entry.role })}`}
    </>
  )
}

/** The entry's proof as a file that anybody can check without this server. */
function ProofButton({ entry }: { entry: AuditEntryView }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const action = useAction()
  const { chain, sequence } = entry
  const save = async () => {
    const proved = await action.run(() => client.call('proveInclusion', { params: { chain, sequence } }))
    if (proved !== undefined) saveFile(`${chain}-${sequence}.tlog-proof`, 'text/plain', proved.proof)
  }
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconDownload size={16} aria-hidden />}
        loading={action.busy}
        onClick={() => void save()}
      >
        {t('audit.saveProof')}
      </Button>
      {action.failure === undefined ? null : <FailureNotice failure={action.failure} />}
    </>
  )
}

/** Who, when and where; what changed; what proves it. */
export function EntryDetails({ entry }: { entry: AuditEntryView }) {
  const { t } = useTranslation('console')
  const mayProve = useMay('trail.read')
  return (
    <>
      <Facts
        rows={[
          [t('audit.what'), <ActionBadge key="action" action={entry.action} />],
          [t('audit.object'), <ObjectName key="object" entry={entry} />],
          [t('audit.who'), <Who key="who" entry={entry} />],
          [t('audit.when'), <Instant key="when" at={entry.time} />],
          [t('audit.office'), officeWord(t, entry)],
          [t('audit.station'), stationWord(t, entry)],
          [t('filter.tenant'), entry.tenant],
          [t('audit.reason'), entry.reason],
        ]}
      />
      <section>
        <h3>{t('audit.difference')}</h3>
        {entry.erased === null ? (
          <Difference before={entry.before} after={entry.after} />
        ) : (
          <Erased erased={entry.erased} />
        )}
      </section>
      <section>
        <h3>{t('audit.related')}</h3>
        <Button
          component="a"
          href={formatRoute(['audit'], { correlationId: entry.correlationId })}
          size="xs"
          variant="default"
          leftSection={<IconLink size={16} aria-hidden />}
        >
          {t('audit.sameRequest')}
        </Button>
      </section>
      <section>
        <h3>{t('audit.proof')}</h3>
        <Facts
          rows={[
            [t('audit.chain'), `${entry.chain} #${entry.sequence}`],
            [t('audit.objectId'), <Long key="object" text={entry.objectId} what={t('audit.objectId')} />],
            [
              t('audit.operatorId'),
              entry.operatorId === null ? null : (
                <Long key="operator" text={entry.operatorId} what={t('audit.operatorId')} />
              ),
            ],
            [t('audit.digest'), <Long key="digest" text={entry.digest} what={t('audit.digest')} />],
            [t('audit.signature'), <Long key="signature" text={entry.signature} what={t('audit.signature')} />],
            [t('audit.key'), <Long key="key" text={entry.keyId} what={t('audit.key')} />],
            [t('audit.correlation'), <Long key="id" text={entry.correlationId} what={t('audit.correlation')} />],
          ]}
        />
        {mayProve ? (
          <div className={css.stack} style={{ marginTop: 12, alignItems: 'start' }}>
            <ProofButton entry={entry} />
          </div>
        ) : null}
      </section>
    </>
  )
}
