import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'

export function ClearSearch({ onClear }: { onClear: () => void }) {
  const { t } = useTranslation('common')
  return (
    <Button variant="default" size="xs" onClick={onClear}>
      {t('clearFilters')}
    </Button>
  )
}
