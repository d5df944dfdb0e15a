import { Button, Group, NumberInput, Select, Stack, Switch, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { ScheduleView } from '../../../shared/contract/routes/jobs.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { useConsole } from '../console-context.ts'
import { formatRhythm, parseRhythm, type Rhythm } from '../format/cron.ts'
import { useAction } from '../stores/use-action.ts'
import { rhythmWords, weekdayWord } from './rhythm-words.ts'

const KINDS = ['hourly', 'daily', 'weekly', 'monthly', 'own'] as const
const WEEK = [1, 2, 3, 4, 5, 6, 0]

/** The same moment in another rhythm, as far as it has one. */
const changeKind = (from: Rhythm, kind: Rhythm['kind']): Rhythm => {
  const time = 'time' in from ? from.time : '02:00'
  switch (kind) {
    case 'hourly':
      return { kind, minute: 0 }
    case 'daily':
      return { kind, time }
    case 'weekly':
      return { kind, time, day: 0 }
    case 'monthly':
      return { kind, time, date: 1 }
    default:
      return { kind, cron: formatRhythm(from) }
  }
}

function RhythmFields({ rhythm, onChange }: { rhythm: Rhythm; onChange: (rhythm: Rhythm) => void }) {
  const { t, i18n } = useTranslation('console')
  const days = WEEK.map((day) => ({ value: String(day), label: weekdayWord(day, i18n.language) }))
  return (
    <>
      {rhythm.kind === 'hourly' ? (
        <NumberInput
          label={t('rhythm.minute')}
          min={0}
          max={59}
          value={rhythm.minute}
          onChange={(minute) => onChange({ ...rhythm, minute: Number(minute) || 0 })}
        />
      ) : null}
      {rhythm.kind === 'weekly' ? (
        <Select
          label={t('rhythm.day')}
          data={days}
          value={String(rhythm.day)}
          allowDeselect={false}
          onChange={(day) => onChange({ ...rhythm, day: Number(day) })}
        />
      ) : null}
      {rhythm.kind === 'monthly' ? (
        <NumberInput
          label={t('rhythm.date')}
          min={1}
          max={31}
          value={rhythm.date}
          onChange={(date) => onChange({ ...rhythm, date: Number(date) || 1 })}
        />
      ) : null}
      {'time' in rhythm ? (
        <TextInput
          type="time"
          label={t('rhythm.time')}
          value={rhythm.time}
          onChange={(event) => onChange({ ...rhythm, time: event.currentTarget.value || '00:00' })}
        />
      ) : null}
      {rhythm.kind === 'own' ? (
        <TextInput
          label={t('rhythm.cron')}
          description={t('rhythm.cronHow')}
          value={rhythm.cron}
          maxLength={100}
          onChange={(event) => onChange({ kind: 'own', cron: event.currentTarget.value })}
        />
      ) : null}
    </>
  )
}

/** When something runs by itself: in words, or as a cron expression for who needs more. */
export function ScheduleDialog(props: { schedule: ScheduleView; onClose: () => void; onDone: () => void }) {
  const { t, i18n } = useTranslation('console')
  const { client } = useConsole()
  const { schedule } = props
  const action = useAction()
  const [rhythm, setRhythm] = useState(() => parseRhythm(schedule.cron))
  const [timeZone, setTimeZone] = useState(schedule.timeZone)
  const [enabled, setEnabled] = useState(schedule.enabled)
  const cron = formatRhythm(rhythm).trim()
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const body = { cron, timeZone: timeZone.trim(), enabled }
    const done = await action.run(() =>
      client.call('setSchedule', { params: { name: schedule.name }, body }, { ifMatch: schedule.etag }),
    )
    if (done !== undefined) props.onDone()
  }
  return (
    <Dialog opened onClose={props.onClose} title={t(`schedule.name.${schedule.name}`)} busy={action.busy}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          <Switch
            label={t('schedule.enabled')}
            checked={enabled}
            onChange={(event) => setEnabled(event.currentTarget.checked)}
          />
          <Select
            label={t('rhythm.label')}
            data={KINDS.map((kind) => ({ value: kind, label: t(`rhythm.kind.${kind}`) }))}
            value={rhythm.kind}
            allowDeselect={false}
            onChange={(kind) => setRhythm(changeKind(rhythm, KINDS.find((one) => one === kind) ?? 'daily'))}
          />
          <RhythmFields rhythm={rhythm} onChange={setRhythm} />
          <TextInput
            label={t('schedule.timeZone')}
            value={timeZone}
            maxLength={60}
            onChange={(event) => setTimeZone(event.currentTarget.value)}
          />
          <p style={{ margin: 0 }} role="status">
            {rhythmWords(t, cron, i18n.language)}
          </p>
          {action.failure === undefined ? null : <FailureNotice failure={action.failure} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={props.onClose} disabled={action.busy}>
              {t('common:cancel')}
            </Button>
            <Button type="submit" loading={action.busy} disabled={cron === '' || timeZone.trim() === ''}>
              {t('schedule.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  )
}
