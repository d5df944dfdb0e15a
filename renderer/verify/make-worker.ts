/** The thread that checks, in a file of its own that is fetched when the first file is to be checked. */
export const makeCheckWorker = (): Worker =>
  new Worker(new URL('worker.ts', import.meta.url), { type: 'module', name: 'countersign-verify' })
