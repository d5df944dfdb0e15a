import { Button, Group, Radio, Select, Stack, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { ObjectType } from '../../../../shared/contract/index.ts'
import {
  RequestedErasureRule,
  type ErasurePlan,
  type ErasureRule,
} from '../../../../shared/contract/routes/audit-retention.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { formatNumber } from '../../../ui/format.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { Notice } from '../../../ui/Tone.tsx'
import { useConsole } from '../../console-context.ts'
import { formatBytes } from '../../format/bytes.ts'
import css from '../../parts/console.module.css'
import { Instant } from '../../parts/Instant.tsx'
import { objectTypeWord } from '../../parts/ObjectName.tsx'
import { once, useAction } from '../../stores/use-action.ts'

/** What would be erased, and what stands in the way; nothing is erased by counting. */
function Counted({ plan }: { plan: ErasurePlan }) {
  const { t, i18n } = useTranslation('console')
  const count = (n: number) => formatNumber(n, i18n.language)
  if (plan.heldBy !== null)
    return (
      <Notice tone="warn" title={t('erasure.held', { n: count(plan.heldBy.entries) })} live testId="erasure-plan">
        <p>
          {t(`retention.classes.${plan.heldBy.class}.name`)}.{' '}
          {plan.heldBy.until === null ? (
            t('cleaning.heldOpen')
          ) : (
            <>
              {t('cleaning.heldUntil')} <Instant at={plan.heldBy.until} />.
            </>
          )}
        </p>
      </Notice>
    )
  return (
    <Notice
      tone={plan.entries === 0 ? 'idle' : 'info'}
      title={
        plan.entries === 0
          ? t('erasure.nothing')
          : t('erasure.would', { n: count(plan.entries), bytes: formatBytes(plan.bytes, i18n.language) })
      }
      live
      testId="erasure-plan"
    >
      <p>
        {plan.erasedBefore === 0 ? '' : t('erasure.before', { n: count(plan.erasedBefore) })} {t('erasure.stays')}
      </p>
    </Notice>
  )
}

/** Counts what an erasure would erase, then asks for it; a second person decides. */
export function ErasureRequest(props: { objectType: string | null; objectId: string | null; onAsked: () => void }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const [objectType, setObjectType] = useState(props.objectType ?? 'holder')
  const [objectId, setObjectId] = useState(props.objectId ?? '')
  const [rule, setRule] = useState<Exclude<ErasureRule, 'retention-end'>>('data-subject-request')
  const [reason, setReason] = useState('')
  const [plan, setPlan] = useState<ErasurePlan | null>(null)
  const [asked, setAsked] = useState(false)
  const counting = useAction()
  const asking = useAction()
  const id = objectId.trim()
  const words = reason.trim().replaceAll(/\s+/g, ' ')
  const current = plan?.objectType === objectType && plan.objectId === id ? plan : null
  const mayAsk = current !== null && current.entries > 0 && current.heldBy === null && words !== ''
  const count = async () => {
    setAsked(false)
    const found = await counting.run(() => client.call('planErasure', { query: { objectType, objectId: id } }))
    setPlan(found ?? null)
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (!mayAsk) return count()
    const body = { objectType, objectId: id, rule, reason: words }
    if ((await asking.run(() => client.call('requestErasure', { body }, once()))) === undefined) return
    setPlan(null)
    setReason('')
    setAsked(true)
    props.onAsked()
  }
  return (
    <Panel title={t('erasure.ask')}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="sm">
          <div className={css.fields}>
            <Select
              label={t('filter.objectType')}
              data={ObjectType.options.map((value) => ({ value, label: objectTypeWord(t, value) }))}
              value={objectType}
              searchable
              allowDeselect={false}
              onChange={(value) => setObjectType(value ?? 'holder')}
            />
            <TextInput
              label={t('audit.objectId')}
              value={objectId}
              maxLength={100}
              error={id !== '' && !/^[A-Za-z0-9_.:-]+$/.test(id)}
              onChange={(event) => setObjectId(event.currentTarget.value)}
            />
          </div>
          <Radio.Group
            label={t('erasure.ruleLabel')}
            value={rule}
            onChange={(value) => setRule(RequestedErasureRule.safeParse(value).data ?? 'data-subject-request')}
          >
            <Group gap="lg" mt={4}>
              {RequestedErasureRule.options.map((one) => (
                <Radio key={one} value={one} label={t(`erasure.rule.${one}`)} />
              ))}
            </Group>
          </Radio.Group>
          <TextInput
            label={t('retention.reason')}
            value={reason}
            maxLength={500}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {current === null ? null : <Counted plan={current} />}
          {asked ? (
            <Notice tone="ok" title={t('erasure.asked')} live>
              <p>{t('erasure.askedMeans')}</p>
            </Notice>
          ) : null}
          {counting.failure === undefined ? null : <FailureNotice failure={counting.failure} />}
          {asking.failure === undefined ? null : <FailureNotice failure={asking.failure} />}
          <Group justify="flex-end">
            <Button
              variant="default"
              loading={counting.busy}
              disabled={!/^[A-Za-z0-9_.:-]+$/.test(id)}
              onClick={() => void count()}
            >
              {t('erasure.count')}
            </Button>
            <Button type="submit" loading={asking.busy} disabled={!mayAsk}>
              {t('erasure.send')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  )
}
