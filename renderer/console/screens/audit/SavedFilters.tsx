import { ActionIcon, Button, Group, Popover, TextInput, Tooltip } from '@mantine/core'
import { useState, type FormEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { AuditFilterView } from '../../../../shared/contract/index.ts'
import { FailureNotice } from '../../../ui/FailureNotice.tsx'
import { IconCheck, IconX } from '../../../ui/icons.ts'
import { LoadView } from '../../../ui/States.tsx'
import css from '../../parts/console.module.css'
import own from './audit.module.css'
import { IconBookmark, IconPencil, IconTrash } from '../../parts/icons.ts'
import { QUIET } from '../../parts/quiet.ts'
import { fromSaved, isFiltered, sameFilters, type AuditFilters } from '../../route/audit-filters.ts'
import { useSavedFilters, type SavedFilters as Saved } from './use-saved-filters.ts'

function NameForm(props: {
  label: string
  start: string
  action: string
  saved: Saved
  onName: (name: string) => Promise<boolean>
  onEnd?: () => void
}) {
  const { t } = useTranslation('console')
  const [name, setName] = useState(props.start)
  const taken = props.saved.failure?.code === 'REQUEST_CONFLICT'
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (!(await props.onName(name.trim()))) return
    setName('')
    props.onEnd?.()
  }
  return (
    <form onSubmit={(event) => void submit(event)} className={own.nameForm}>
      <TextInput
        size="xs"
        aria-label={props.label}
        placeholder={props.label}
        maxLength={100}
        value={name}
        error={taken ? t('saved.taken') : null}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Button type="submit" size="xs" disabled={name.trim() === ''} loading={props.saved.busy}>
        {props.action}
      </Button>
      {props.onEnd === undefined ? null : (
        <ActionIcon {...QUIET} aria-label={t('common:cancel')} onClick={props.onEnd}>
          <IconX size={16} />
        </ActionIcon>
      )}
    </form>
  )
}

function SavedRow(props: { filter: AuditFilterView; saved: Saved; applied: boolean; onApply: () => void }) {
  const { t } = useTranslation('console')
  const { filter, saved } = props
  const [renaming, setRenaming] = useState(false)
  if (renaming)
    return (
      <li>
        <NameForm
          label={t('saved.newName')}
          start={filter.name}
          action={t('saved.rename')}
          saved={saved}
          onName={(name) => saved.rename(filter, name)}
          onEnd={() => setRenaming(false)}
        />
      </li>
    )
  return (
    <li className={own.savedRow}>
      <Button
        {...QUIET}
        size="xs"
        justify="flex-start"
        aria-pressed={props.applied}
        leftSection={props.applied ? <IconCheck size={16} aria-hidden /> : <IconBookmark size={16} aria-hidden />}
        onClick={props.onApply}
      >
        {filter.name}
      </Button>
      <Tooltip label={t('saved.renameOf', { name: filter.name })}>
        <ActionIcon
          {...QUIET}
          aria-label={t('saved.renameOf', { name: filter.name })}
          onClick={() => setRenaming(true)}
        >
          <IconPencil size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t('saved.deleteOf', { name: filter.name })}>
        <ActionIcon
          {...QUIET}
          aria-label={t('saved.deleteOf', { name: filter.name })}
          onClick={() => void saved.remove(filter)}
        >
          <IconTrash size={16} />
        </ActionIcon>
      </Tooltip>
    </li>
  )
}

/** Filters kept under a name: apply, save what is looked for now, rename, delete and have back. */
export function SavedFilters(props: { filters: AuditFilters; onApply: (filters: AuditFilters) => void }) {
  const { t } = useTranslation('console')
  const saved = useSavedFilters()
  const [open, setOpen] = useState(false)
  const items = saved.load.data?.items ?? []
  const isApplied = (filter: AuditFilterView) => sameFilters(fromSaved(filter.search), props.filters)
  const applied = items.find(isApplied)
  const maySave = isFiltered(props.filters) && applied === undefined
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={340} trapFocus returnFocus withRoles={false}>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconBookmark size={16} aria-hidden />}
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen((was) => !was)}
        >
          {applied === undefined ? t('saved.title') : <span className={own.cut}>{applied.name}</span>}
        </Button>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={t('saved.title')}>
        <div className={own.saved}>
          <LoadView load={saved.load} right="audit.read">
            {(found) =>
              found.items.length === 0 ? (
                <p className={css.quiet}>{t('saved.none')}</p>
              ) : (
                <ul>
                  {found.items.map((filter) => (
                    <SavedRow
                      key={filter.id}
                      filter={filter}
                      saved={saved}
                      applied={isApplied(filter)}
                      onApply={() => {
                        setOpen(false)
                        props.onApply(fromSaved(filter.search))
                      }}
                    />
                  ))}
                </ul>
              )
            }
          </LoadView>
          {saved.deleted === null ? null : (
            <Group justify="space-between" role="status" wrap="nowrap">
              <span>{t('saved.deleted', { name: saved.deleted.name })}</span>
              <Button size="compact-xs" variant="default" onClick={() => void saved.undo()}>
                {t('saved.undo')}
              </Button>
            </Group>
          )}
          {maySave ? (
            <NameForm
              label={t('saved.name')}
              start=""
              action={t('saved.save')}
              saved={saved}
              onName={(name) => saved.save(name, props.filters)}
            />
          ) : (
            <p className={css.quiet}>{t(applied === undefined ? 'saved.how' : 'saved.isApplied')}</p>
          )}
          {saved.failure === undefined || saved.failure.code === 'REQUEST_CONFLICT' ? null : (
            <FailureNotice failure={saved.failure} />
          )}
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}
