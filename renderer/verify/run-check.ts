import type { Report } from '../../shared/exports/report.ts'
import type { CheckOrder, DescribedCertificate, FromWorker, ToWorker } from './protocol.ts'

export type MakeWorker = () => Worker

/** The worker could not do what it was asked; no verdict. */
export class CheckBroken extends Error {}

/** One worker for one question: what is cancelled is ended at once, whatever it is busy with. */
const ask = <T>(
  makeWorker: MakeWorker,
  message: ToWorker,
  take: (answer: FromWorker) => T | undefined,
  signal?: AbortSignal,
): Promise<T> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const worker = makeWorker()
    const end = (settle: () => void) => {
      worker.terminate()
      settle()
    }
    signal?.addEventListener('abort', () => end(() => reject(new CheckBroken('cancelled'))), { once: true })
    worker.addEventListener('error', (event) => end(() => reject(new CheckBroken(event.message))))
    worker.addEventListener('messageerror', () => end(() => reject(new CheckBroken('message'))))
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.is === 'broken') return end(() => reject(new CheckBroken(data.why)))
      const value = take(data)
      if (value !== undefined) end(() => resolve(value))
    })
    // A worker has one owner: there is no origin to name.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    worker.postMessage(message)
  })

/** Checks in another thread. Rejects with CheckBroken where there is no verdict: cancelled, or the file cannot be read. */
export const runCheck = (
  makeWorker: MakeWorker,
  order: CheckOrder,
  onProgress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<Report> =>
  ask(
    makeWorker,
    { do: 'check', order },
    (answer) => {
      if (answer.is === 'progress') onProgress(answer.done, answer.total)
      return answer.is === 'report' ? answer.report : undefined
    },
    signal,
  )

/** The certificates in a PEM or DER file. Rejects with CheckBroken where there is none. */
export const describeCertificates = (
  makeWorker: MakeWorker,
  bytes: Uint8Array,
): Promise<readonly DescribedCertificate[]> =>
  ask(makeWorker, { do: 'describe', bytes }, (answer) => (answer.is === 'described' ? answer.certificates : undefined))
