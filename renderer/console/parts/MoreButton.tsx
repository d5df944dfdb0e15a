import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import type { PagedLoad } from '../../ui/use-load.ts'
import css from './console.module.css'

/** The end of a list that is fetched page by page: the next page, or why it did not come. */
export function MoreButton({ load }: { load: PagedLoad<unknown> }) {
  const { t } = useTranslation('console')
  if (load.failure !== undefined) return <FailureNotice failure={load.failure} onRetry={load.loadMore} />
  if (!load.hasMore) return null
  return (
    <div className={css.moreRow}>
      <Button variant="subtle" size="xs" loading={load.loading} onClick={load.loadMore}>
        {t('common:loadMore')}
      </Button>
    </div>
  )
}
