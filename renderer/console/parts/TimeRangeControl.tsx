import { Button, Group, Input, Popover, Stack, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { TFunction } from 'i18next'
import { IconCalendarStats, IconCheck } from '../../ui/icons.ts'
import { formatInstant, fromLocalInput, toLocalInput } from '../format/time.ts'
import { RANGE_PRESETS, type TimeRange } from '../route/time-range.ts'

/** "Last 24 hours", "From 3 Nov 2026, 10:00:00", "All time". */
export const rangeWords = (t: TFunction, range: TimeRange | null, language: string): string => {
  if (range === null) return t('console:range.all')
  if (range.kind === 'last') return t(`console:range.last.${range.preset}`)
  const at = (ms: number | null) => (ms === null ? '' : formatInstant(ms, language))
  if (range.to === null) return t('console:range.from', { from: at(range.from) })
  if (range.from === null) return t('console:range.until', { to: at(range.to) })
  return t('console:range.between', { from: at(range.from), to: at(range.to) })
}

const sameRange = (a: TimeRange | null, b: TimeRange | null): boolean => JSON.stringify(a) === JSON.stringify(b)

function CustomRange({ value, onChange }: { value: TimeRange | null; onChange: (range: TimeRange | null) => void }) {
  const { t } = useTranslation('console')
  const given = value?.kind === 'between' ? value : { from: null, to: null }
  const [from, setFrom] = useState(given.from === null ? '' : toLocalInput(given.from))
  const [to, setTo] = useState(given.to === null ? '' : toLocalInput(given.to))
  const start = fromLocalInput(from)
  const end = fromLocalInput(to)
  const turned = start !== null && end !== null && start > end
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onChange(start === null && end === null ? null : { kind: 'between', from: start, to: end })
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <TextInput
          type="datetime-local"
          size="xs"
          label={t('range.fromLabel')}
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          size="xs"
          label={t('range.toLabel')}
          value={to}
          error={turned ? t('range.turned') : null}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        <Button type="submit" size="xs" disabled={turned || (start === null && end === null)}>
          {t('range.apply')}
        </Button>
      </Stack>
    </form>
  )
}

/** The time range, the same control on every view that has one: presets that reach back from now, or two instants. */
export function TimeRangeControl(props: { value: TimeRange | null; onChange: (range: TimeRange | null) => void }) {
  const { t, i18n } = useTranslation('console')
  const [open, setOpen] = useState(false)
  const choose = (range: TimeRange | null) => {
    setOpen(false)
    props.onChange(range)
  }
  const presets: (TimeRange | null)[] = [null, ...RANGE_PRESETS.map((preset) => ({ kind: 'last' as const, preset }))]
  return (
    <Input.Wrapper label={t('filter.range')} labelElement="div">
      <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus returnFocus>
        <Popover.Target>
          <Button
            variant="default"
            size="sm"
            fullWidth
            px="xs"
            justify="flex-start"
            title={rangeWords(t, props.value, i18n.language)}
            leftSection={<IconCalendarStats size={16} aria-hidden />}
            aria-label={`${t('filter.range')}: ${rangeWords(t, props.value, i18n.language)}`}
            onClick={() => setOpen((was) => !was)}
          >
            {rangeWords(t, props.value, i18n.language)}
          </Button>
        </Popover.Target>
        <Popover.Dropdown aria-label={t('filter.range')}>
          <Group align="flex-start" gap="lg" wrap="nowrap">
            <Stack gap={4}>
              {presets.map((preset) => (
                <Button
                  key={preset?.kind === 'last' ? preset.preset : 'all'}
                  size="xs"
                  variant="subtle"
                  justify="space-between"
                  aria-pressed={sameRange(preset, props.value)}
                  rightSection={sameRange(preset, props.value) ? <IconCheck size={14} aria-hidden /> : null}
                  onClick={() => choose(preset)}
                >
                  {rangeWords(t, preset, i18n.language)}
                </Button>
              ))}
            </Stack>
            <CustomRange value={props.value} onChange={choose} />
          </Group>
        </Popover.Dropdown>
      </Popover>
    </Input.Wrapper>
  )
}
