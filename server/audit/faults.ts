/** Where the sequencer can be made to fail or die in tests: before and after each of its writes. */
export const FAULT_POINTS = [
  'before-read',
  'before-append',
  'inside-append',
  'before-commit',
  'after-append',
  'after-delete',
] as const
export type FaultPoint = (typeof FAULT_POINTS)[number]

/** Called at each point; a rejection is treated like a failure of the write at that place. */
export type FaultPort = (point: FaultPoint) => Promise<void>

export const noFaults: FaultPort = () => Promise.resolve()
