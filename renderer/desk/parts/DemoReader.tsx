import { Button, Divider, Stack, Text } from '@mantine/core'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../shared/contract/result.ts'
import type { ReaderView } from '../../../shared/contract/views.ts'
import { failureOf } from '../../ui/failure.ts'
import { FailureNotice } from '../../ui/FailureNotice.tsx'
import { IconCreditCard, IconCreditCardOff, IconPlus } from '../../ui/icons.ts'
import { useLoad } from '../../ui/use-load.ts'
import { desk } from '../desk.ts'

/** A virtual reader handled from the screen: put a card in, take it out, make a blank one. Demonstrations only. */
export function DemoReader({ reader }: { reader: ReaderView }) {
  const { t } = useTranslation('desk')
  const cards = useLoad(useCallback(() => desk.call('demo.cards', {}), []))
  const [failure, setFailure] = useState<Failure>()
  const { reload } = cards
  const act = async (run: () => Promise<unknown>) => {
    setFailure(undefined)
    try {
      await run()
      reload()
    } catch (error) {
      setFailure(failureOf(error))
    }
  }
  const insert = (card: string | null) => act(() => desk.call('demo.insert', { reader: reader.name, card }))
  const newBlank = () =>
    act(async () => {
      const made = await desk.call('demo.newCard', {})
      await desk.call('demo.insert', { reader: reader.name, card: made.id })
    })
  const free = (cards.data ?? []).filter((card) => card.inReader === null)
  const full = reader.state !== 'empty'
  return (
    <>
      <Divider my="sm" label={t('demo.title')} labelPosition="left" />
      <Stack gap={4}>
        {full ? (
          <Button
            variant="default"
            size="xs"
            justify="flex-start"
            leftSection={<IconCreditCardOff size={16} aria-hidden />}
            onClick={() => void insert(null)}
          >
            {t('demo.takeOut')}
          </Button>
        ) : (
          free.map((card) => (
            <Button
              key={card.id}
              variant="default"
              size="xs"
              justify="flex-start"
              leftSection={<IconCreditCard size={16} aria-hidden />}
              onClick={() => void insert(card.id)}
            >
              {t('demo.insert', { card: card.label })}
            </Button>
          ))
        )}
        {full ? null : (
          <Button
            variant="default"
            size="xs"
            justify="flex-start"
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => void newBlank()}
          >
            {t('demo.newBlank')}
          </Button>
        )}
        {!full && free.length === 0 && cards.data !== undefined ? (
          <Text size="xs" c="dimmed">
            {t('demo.noCards')}
          </Text>
        ) : null}
        {failure === undefined ? null : <FailureNotice failure={failure} />}
      </Stack>
    </>
  )
}
