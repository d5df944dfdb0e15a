import { Button, Group } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ErasureView } from '../../../../shared/contract/routes/audit-retention.ts'
import { formatNumber } from '../../../ui/format.ts'
import { formatRoute } from '../../../ui/route.ts'
import { Facts, Panel } from '../../../ui/Screen.tsx'
import { LoadView } from '../../../ui/States.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { formatBytes } from '../../format/bytes.ts'
import css from '../../parts/console.module.css'
import own from './retention.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { objectTypeWord } from '../../parts/ObjectName.tsx'
import { ReasonDialog } from '../../parts/ReasonDialog.tsx'
import { trailPath } from '../../route/location.ts'
import { useMay, useSignedIn } from '../../stores/session-store.ts'

/** What it would erase as things are now, beside what was counted when it was asked for. */
function Now({ erasure }: { erasure: ErasureView }) {
  const { t, i18n } = useTranslation('console')
  const { client } = useConsole()
  const { objectType, objectId } = erasure
  const load = useLoad(
    useCallback(
      () => valueOf(client.call('planErasure', { query: { objectType, objectId } })),
      [client, objectType, objectId],
    ),
  )
  return (
    <LoadView load={load} right="retention.read">
      {(plan) => (
        <b>
          {plan.heldBy === null
            ? t('erasure.would', {
                n: formatNumber(plan.entries, i18n.language),
                bytes: formatBytes(plan.bytes, i18n.language),
              })
            : t('erasure.held', { n: formatNumber(plan.heldBy.entries, i18n.language) })}
        </b>
      )}
    </LoadView>
  )
}

type Deciding = { readonly erasure: ErasureView; readonly how: 'approve' | 'refuse' }

function Waiting({ erasure, onDecide }: { erasure: ErasureView; onDecide: (how: Deciding['how']) => void }) {
  const { t } = useTranslation('console')
  const may = useMay('erasure.approve')
  const me = useSignedIn().operator.id
  const own = erasure.requestedBy?.id === me
  return (
    <li data-testid="erasure-waiting">
      <Facts
        rows={[
          [
            t('audit.object'),
            <a key="object" className={css.link} href={formatRoute(trailPath(erasure.objectType, erasure.objectId))}>
              {objectTypeWord(t, erasure.objectType)} <span className="cs-mono">{erasure.objectId}</span>
            </a>,
          ],
          [t('erasure.ruleLabel'), t(`erasure.rule.${erasure.rule}`)],
          [t('retention.reason'), erasure.reason],
          [
            t('erasure.askedBy'),
            <span key="by">
              {erasure.requestedBy?.name ?? t('cleaning.bySchedule')} · <Instant at={erasure.requestedAt} />
            </span>,
          ],
          [t('erasure.effect'), <Now key="now" erasure={erasure} />],
        ]}
      />
      {may && !own ? (
        <Group gap="xs">
          <Button variant="default" onClick={() => onDecide('refuse')}>
            {t('erasure.refuse')}
          </Button>
          <Button color="red.9" onClick={() => onDecide('approve')}>
            {t('erasure.approve')}
          </Button>
        </Group>
      ) : (
        <p className={css.quiet}>{t(own ? 'erasure.ownRequest' : 'erasure.othersDecide')}</p>
      )}
    </li>
  )
}

/** Erasures that wait for a second person. */
export function ErasureQueue(props: { erasures: readonly ErasureView[]; onDecided: () => void }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const [deciding, setDeciding] = useState<Deciding | null>(null)
  const run = ({ erasure: { id, etag }, how }: Deciding, reason: string) =>
    how === 'approve'
      ? client.call('approveErasure', { params: { id } }, { ifMatch: etag })
      : client.call('refuseErasure', { params: { id }, body: { reason } }, { ifMatch: etag })
  const approving = deciding?.how === 'approve'
  return (
    <Panel title={t('erasure.waiting')}>
      <ul className={own.waiting}>
        {props.erasures.map((erasure) => (
          <Waiting key={erasure.id} erasure={erasure} onDecide={(how) => setDeciding({ erasure, how })} />
        ))}
      </ul>
      {deciding === null ? null : (
        <ReasonDialog
          key={deciding.how}
          title={t(approving ? 'erasure.approveTitle' : 'erasure.refuseTitle')}
          action={t(approving ? 'erasure.approve' : 'erasure.refuse')}
          label={t('retention.reason')}
          {...(approving ? { typed: deciding.erasure.objectId, wordless: true } : {})}
          run={(reason) => run(deciding, reason)}
          onClose={() => setDeciding(null)}
          onDone={() => {
            setDeciding(null)
            props.onDecided()
          }}
        >
          <span>{t(approving ? 'erasure.approveMeans' : 'erasure.refuseMeans')}</span>
        </ReasonDialog>
      )}
    </Panel>
  )
}
