import { Button, Group, Stack, Text } from '@mantine/core'
import { useId, useRef, useState, type FormEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../shared/contract/result.ts'
import { failureOf } from '../../ui/failure.ts'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { IconCircleCheck, IconCircleDashed } from '../../ui/icons.ts'
import { ActionBar } from '../../ui/Screen.tsx'
import { pinProblem, pinRules, type PinProblem, type PinRules } from '../stores/pin-rules.ts'
import { PinField, takePin } from './PinField.tsx'

const RULES = ['length', 'varied', 'same'] as const

/** The holder types a PIN of their own, twice. Only whether each rule holds is kept while typing. */
export function NewPinForm(props: {
  action: string
  onPin: (newPin: string, pin: string) => Promise<void>
  /** Also asks for the present PIN (a change by its owner). */
  askPresent?: boolean
  disabled?: boolean
  /** On a screen of its own: the button is in the screen's bar. In a dialog it is below the fields. */
  inBar?: boolean
  children?: ReactNode
}) {
  const { t } = useTranslation('desk')
  const form = useId()
  const present = useRef<HTMLInputElement>(null)
  const first = useRef<HTMLInputElement>(null)
  const second = useRef<HTMLInputElement>(null)
  const [rules, setRules] = useState<PinRules>({ length: false, varied: false, same: false })
  const [problem, setProblem] = useState<PinProblem | null>(null)
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const look = () => {
    setProblem(null)
    setRules(pinRules(first.current?.value ?? '', second.current?.value ?? ''))
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const wrong = pinProblem(first.current?.value ?? '', second.current?.value ?? '')
    setProblem(wrong)
    if (wrong !== null) return (wrong === 'different' ? second : first).current?.focus()
    const pin = takePin(present)
    const newPin = takePin(first)
    takePin(second)
    look()
    setBusy(true)
    setFailure(undefined)
    try {
      await props.onPin(newPin, pin)
    } catch (error) {
      setFailure(failureOf(error))
    } finally {
      setBusy(false)
    }
  }
  const off = busy || props.disabled === true
  const submitButton = (
    <Button type="submit" form={form} data-primary={props.inBar} loading={busy} disabled={props.disabled === true}>
      {props.action}
    </Button>
  )
  return (
    <form id={form} onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        {props.children}
        {props.askPresent === true ? (
          <PinField label={t('newPin.present')} field={present} disabled={off} autoFocus />
        ) : null}
        <Group grow align="flex-start">
          <PinField
            label={t('newPin.first')}
            field={first}
            disabled={off}
            autoFocus={props.askPresent !== true}
            onDigits={look}
            error={problem !== null && problem !== 'different' ? t(`newPin.problem.${problem}`) : undefined}
          />
          <PinField
            label={t('newPin.second')}
            field={second}
            disabled={off}
            onDigits={look}
            error={problem === 'different' ? t('newPin.problem.different') : undefined}
          />
        </Group>
        <Group gap="4px 20px" component="ul" style={{ listStyle: 'none', padding: 0, margin: 0 }}>
          {RULES.map((rule) => {
            const Icon = rules[rule] ? IconCircleCheck : IconCircleDashed
            return (
              <Group key={rule} gap="xs" component="li" wrap="nowrap">
                <Icon size={16} aria-hidden color={rules[rule] ? 'var(--cs-ok)' : 'var(--mantine-color-dimmed)'} />
                <Text size="sm" {...(rules[rule] ? {} : { c: 'dimmed' })}>
                  {t(`newPin.rule.${rule}`)}
                  <span className="cs-hidden">{rules[rule] ? t('newPin.kept') : t('newPin.open')}</span>
                </Text>
              </Group>
            )
          })}
        </Group>
        {failure === undefined ? null : <FailureNotice failure={failure} />}
        {props.inBar === true ? (
          <ActionBar>{submitButton}</ActionBar>
        ) : (
          <Group justify="flex-end">{submitButton}</Group>
        )}
      </Stack>
    </form>
  )
}
