import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { JobView } from '../../../../shared/contract/routes/jobs.ts'
import { Notice, type Tone } from '../../../ui/Tone.tsx'
import { valueOf } from '../../client/value-of.ts'
import { useConsole } from '../../console-context.ts'
import { ErrorWords } from '../../parts/ErrorWords.tsx'
import { usePolled } from '../../stores/use-polled.ts'

const TONES: Readonly<Record<JobView['state'], Tone>> = { waiting: 'info', running: 'info', done: 'ok', dead: 'bad' }

/** Whether a test mail left, looked at until it did or was given up. */
export function TestMail({ job: id, address }: { job: string; address: string }) {
  const { t } = useTranslation('console')
  const { client } = useConsole()
  const [ended, setEnded] = useState(false)
  const load = usePolled(
    useCallback(async () => {
      const job = await valueOf(client.call('readJob', { params: { id } }))
      if (job.state === 'done' || job.state === 'dead') setEnded(true)
      return job
    }, [client, id]),
    ended ? null : 1500,
  )
  const job = load.data
  const state = job?.state ?? 'waiting'
  return (
    <Notice tone={TONES[state]} title={t(`mail.testState.${state}`, { address })} live testId="test-mail">
      {job === undefined || job.lastError === null ? null : (
        <p>
          <ErrorWords code={job.lastError} />
        </p>
      )}
    </Notice>
  )
}
