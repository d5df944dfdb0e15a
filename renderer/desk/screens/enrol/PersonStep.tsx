import { Button, TextInput } from '@mantine/core'
import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Failure } from '../../../../shared/contract/result.ts'
import { failureOf } from '../../../ui/failure.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { IconSearch, IconUserPlus } from '../../../ui/icons.ts'
import { ActionBar, Panel } from '../../../ui/Screen.tsx'
import { EmptyState, LoadView } from '../../../ui/States.tsx'
import { useLoad, useSettled } from '../../../ui/use-load.ts'
import { desk } from '../../desk.ts'
import { startEnrolment } from './start-enrolment.ts'
import { PersonRow } from './PersonRow.tsx'
import { NewPerson } from './NewPerson.tsx'
import css from '../screens.module.css'

/** Search first; a person who is not here yet is created. `holder` starts at once with a person already chosen. */
export function PersonStep({ holder }: { holder: string | null }) {
  const { t } = useTranslation('desk')
  const [text, setText] = useState('')
  const [creating, setCreating] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const search = useRef<HTMLInputElement>(null)
  const begin = useCallback(async (id: string, replace = false) => {
    setFailure(undefined)
    try {
      await startEnrolment(id, '', replace)
    } catch (error) {
      setFailure(failureOf(error))
    }
  }, [])
  const started = useRef(false)
  useEffect(() => {
    if (holder === null) search.current?.focus()
    else if (!started.current) {
      started.current = true
      void begin(holder, true)
    }
  }, [holder, begin])
  if (creating) return <NewPerson familyName={text} onBack={() => setCreating(false)} onChosen={begin} />
  return (
    <div className={css.column}>
      <TextInput
        ref={search}
        label={t('person.search')}
        placeholder={t('person.searchHint')}
        leftSection={<IconSearch size={18} aria-hidden />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        maxLength={200}
        autoComplete="off"
        data-search
      />
      <ActionBar>
        <Button data-primary leftSection={<IconUserPlus size={18} aria-hidden />} onClick={() => setCreating(true)}>
          {t('person.new')}
        </Button>
      </ActionBar>
      {failure === undefined ? null : <FailureNotice failure={failure} />}
      <FoundPeople text={text} onChoose={begin} onNew={() => setCreating(true)} />
    </div>
  )
}

function FoundPeople(props: { text: string; onChoose: (id: string) => Promise<void>; onNew: () => void }) {
  const { t } = useTranslation('desk')
  const query = useSettled(props.text.trim())
  const found = useLoad(useCallback(() => desk.call('holders.search', { text: query, limit: 20 }), [query]))
  return (
    <Panel
      flush
      bounded={query === '' ? t('person.recent') : t('person.found')}
      title={query === '' ? t('person.recent') : t('person.found')}
    >
      <LoadView load={found} right="holder.read">
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState
              title={query === '' ? t('person.none') : t('person.notFound', { text: query })}
              action={
                <Button size="xs" variant="default" onClick={props.onNew}>
                  {t('person.new')}
                </Button>
              }
            >
              {t('person.notFoundHint')}
            </EmptyState>
          ) : (
            <ul className={css.queue}>
              {items.map((row) => (
                <PersonRow key={row.id} row={row} onChoose={props.onChoose} />
              ))}
            </ul>
          )
        }
      </LoadView>
    </Panel>
  )
}
