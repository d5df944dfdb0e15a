import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { IconRefresh } from '../../ui/icons.ts'
import type { Load } from '../../ui/use-load.ts'

/** Asks again for what a screen shows; busy where something is shown already, not while it is first asked for. */
export function ReloadButton({ load }: { load: Pick<Load<unknown>, 'data' | 'loading' | 'reload'> }) {
  const { t } = useTranslation('console')
  return (
    <Button
      variant="default"
      leftSection={<IconRefresh size={16} aria-hidden />}
      loading={load.loading && load.data !== undefined}
      onClick={load.reload}
    >
      {t('reload')}
    </Button>
  )
}
