import { useCallback } from 'react'
import type { ErasureView } from '../../../../shared/contract/routes/audit-retention.ts'
import { usePagedLoad } from '../../../ui/use-load.ts'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import css from '../../parts/console.module.css'
import { useMay } from '../../stores/session-store.ts'
import { useReloadWhile } from '../../../ui/use-reload-while.ts'
import { ErasureHistory } from './ErasureHistory.tsx'
import { ErasureQueue } from './ErasureQueue.tsx'
import { ErasureRequest } from './ErasureRequest.tsx'

const isUnderWay = (erasure: ErasureView): boolean => erasure.state === 'approved'
const nothing = () => undefined

/** Erasing an object's history: asked for by one person, decided by another, done then; the chain still verifies. */
export function Erasure({ objectType, objectId }: { objectType: string | null; objectId: string | null }) {
  const { client } = useConsole()
  const may = useMay('retention.manage')
  const load = usePagedLoad(
    useCallback(
      (cursor: string | undefined) =>
        valueOf(client.call('listErasures', { query: cursor === undefined ? {} : { cursor } })),
      [client],
    ),
  )
  useReloadWhile(load, isUnderWay, nothing)
  const waiting = load.data?.filter((one) => one.state === 'requested') ?? []
  return (
    <div className={css.stack}>
      {waiting.length === 0 ? null : <ErasureQueue erasures={waiting} onDecided={load.reload} />}
      {may ? (
        <ErasureRequest
          key={`${objectType}/${objectId}`}
          objectType={objectType}
          objectId={objectId}
          onAsked={load.reload}
        />
      ) : null}
      <ErasureHistory load={load} />
    </div>
  )
}
