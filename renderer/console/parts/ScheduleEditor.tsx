import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ScheduleView } from '../../../shared/contract/routes/jobs.ts'
import { useMay } from '../stores/session-store.ts'
import { ScheduleDialog } from './ScheduleDialog.tsx'

/** The way to change a schedule, for who may; tells when it was changed. */
export function ScheduleEditor({ schedule, onDone }: { schedule: ScheduleView; onDone: () => void }) {
  const { t } = useTranslation('console')
  const may = useMay('job.manage')
  const [open, setOpen] = useState(false)
  if (!may) return null
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        aria-label={t('schedule.editOf', { name: t(`schedule.name.${schedule.name}`) })}
        onClick={() => setOpen(true)}
      >
        {t('schedule.edit')}
      </Button>
      {open ? (
        <ScheduleDialog
          schedule={schedule}
          onClose={() => setOpen(false)}
          onDone={() => {
            setOpen(false)
            onDone()
          }}
        />
      ) : null}
    </>
  )
}
