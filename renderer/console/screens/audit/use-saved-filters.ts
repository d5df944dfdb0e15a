import { useCallback, useState } from 'react'
import type { AuditFilterView, Failure, Result } from '../../../../shared/contract/index.ts'
import { useLoad, type Load } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { toSaved, type AuditFilters } from '../../route/audit-filters.ts'

export interface SavedFilters {
  readonly load: Load<{ items: AuditFilterView[] }>
  /** Of the last change that was refused. */
  readonly failure: Failure | undefined
  readonly busy: boolean
  /** Taken away last, to be had back. */
  readonly deleted: AuditFilterView | null
  /** All give whether it was done. */
  readonly save: (name: string, filters: AuditFilters) => Promise<boolean>
  readonly rename: (filter: AuditFilterView, name: string) => Promise<boolean>
  readonly remove: (filter: AuditFilterView) => Promise<boolean>
  readonly undo: () => Promise<boolean>
}

/** The filters this operator keeps at the server; a name they use already is REQUEST_CONFLICT. */
export const useSavedFilters = (): SavedFilters => {
  const { client } = useConsole()
  const load = useLoad(useCallback(() => valueOf(client.call('listAuditFilters', {})), [client]))
  const [failure, setFailure] = useState<Failure>()
  const [busy, setBusy] = useState(false)
  const [deleted, setDeleted] = useState<AuditFilterView | null>(null)
  const settle = async (call: Promise<Result<unknown>>): Promise<boolean> => {
    setBusy(true)
    const result = await call
    setBusy(false)
    setFailure(result.ok ? undefined : result.error)
    if (result.ok) load.reload()
    return result.ok
  }
  const create = (body: Pick<AuditFilterView, 'name' | 'search'>) =>
    settle(client.call('createAuditFilter', { body }, { idempotencyKey: crypto.randomUUID() }))
  return {
    load,
    failure,
    busy,
    deleted,
    save: (name, filters) => create({ name, search: toSaved(filters) }),
    rename: ({ id, etag, search }, name) =>
      settle(client.call('updateAuditFilter', { params: { id }, body: { name, search } }, { ifMatch: etag })),
    async remove(filter) {
      const isDone = await settle(client.call('deleteAuditFilter', { params: { id: filter.id } }))
      if (isDone) setDeleted(filter)
      return isDone
    },
    async undo() {
      if (deleted === null) return false
      const isDone = await create({ name: deleted.name, search: deleted.search })
      if (isDone) setDeleted(null)
      return isDone
    },
  }
}
