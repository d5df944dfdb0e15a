import { Button, Group, Radio, Select } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure, VerificationView } from '../../../../shared/contract/index.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { IconShieldCheck } from '../../../ui/icons.ts'
import { Panel } from '../../../ui/Screen.tsx'
import { useLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { useSeesAll } from '../../stores/session-store.ts'
import css from '../../parts/console.module.css'
import own from './verification.module.css'

const WHOLE = ['quick', 'full'] as const
/** Who sees a part of the entries proves those: a whole chain is not theirs to verify. */
const PART = ['inclusion'] as const
export type Depth = (typeof WHOLE)[number] | (typeof PART)[number]

const ALL = '*'
/** Of which chain; nothing to choose where there is one, or where they cannot be read. */
function ChainChoice({ value, onChange }: { value: string | null; onChange: (chain: string) => void }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const load = useLoad(useCallback(() => valueOf(client.call('listChains', {})), [client]))
  const chains = load.data?.items ?? []
  if (chains.length < 2) return null
  const own = chains.find((one) => one.own)?.chain ?? chains[0]?.chain ?? null
  return (
    <Select
      w={320}
      label={t('verification.which')}
      data={[
        ...chains.map((one) => ({ value: one.chain, label: one.chain })),
        { value: ALL, label: t('verification.allChains', { n: chains.length }) },
      ]}
      value={value ?? own}
      allowDeselect={false}
      onChange={(next) => onChange(next ?? ALL)}
    />
  )
}

export function StartPanel(props: {
  depth: Depth
  onDepth: (depth: Depth) => void
  onStarted: (verification: VerificationView) => void
  /** Another one is running already: it shall be shown. */
  onRefused: () => void
}) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const { onDepth } = props
  const depths: readonly Depth[] = useSeesAll('audit.verify') ? WHOLE : PART
  const depth = depths.find((one) => one === props.depth) ?? depths[0]!
  const [chain, setChain] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure | null>(null)
  const start = async () => {
    setBusy(true)
    setFailure(null)
    const body = { depth, ...(chain === null ? {} : { chain }) }
    const result = await client.call('startVerification', { body }, { idempotencyKey: crypto.randomUUID() })
    setBusy(false)
    if (result.ok) return props.onStarted(result.value)
    setFailure(result.error)
    if (result.error.code === 'AUDIT_VERIFICATION_RUNNING') props.onRefused()
  }
  return (
    <Panel title={t('verification.start')}>
      <div className={css.stack}>
        <Radio.Group
          aria-label={t('verification.howDeep')}
          value={depth}
          onChange={(value) => onDepth(depths.find((one) => one === value) ?? depth)}
        >
          <div className={own.depths}>
            {depths.map((one) => (
              <div key={one} className={own.depth}>
                <Radio
                  value={one}
                  label={t(`verification.depth.${one}.name`)}
                  description={t(`verification.depth.${one}.what`)}
                />
              </div>
            ))}
          </div>
        </Radio.Group>
        <ChainChoice value={chain} onChange={setChain} />
        {failure === null ? null : <FailureNotice failure={failure} onRetry={() => void start()} />}
        <Group justify="flex-end">
          <Button
            data-testid="verify"
            leftSection={<IconShieldCheck size={16} aria-hidden />}
            loading={busy}
            onClick={() => void start()}
          >
            {t('verification.verify')}
          </Button>
        </Group>
      </div>
    </Panel>
  )
}
