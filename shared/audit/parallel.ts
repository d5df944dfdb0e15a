import { runOf, walkChain } from './chain-walk.ts'
import type { Outcome, Run } from './chain-walk.ts'
import { isErasureFault } from './marks.ts'
import { joinSegment } from './segment-join.ts'
import type { SegmentOutcome, SegmentTask } from './segment.ts'
import type { StoredChain, StoredCheckpoint } from './stored.ts'
import { beginWalk, concludeWalk, contextOf, refusal, verifyChain } from './verification.ts'
import type { VerificationOptions, WalkPosition } from './verification.ts'
import type { Verdict } from './verdict.ts'
import { isFault } from './walk.ts'

/** Whoever walks segments: threads beside this one, or the caller itself. */
export interface SegmentPool {
  /** How many it walks at one time. */
  readonly size: number
  run(task: SegmentTask): Promise<SegmentOutcome>
}

export interface ParallelOptions extends VerificationOptions {
  readonly pool: SegmentPool
  /** Entries in a segment; a power of two. */
  readonly segment?: number
  /** Called with each position come to on the first way through; what it is given may be kept to go on from. */
  readonly onPosition?: (position: WalkPosition) => void
}

/** So few that nobody waits long for the last one. */
const SEGMENT = 1024
/** Segments given out beyond those being walked, so that nobody waits for the joining of the one before. */
const AHEAD = 2

interface Given {
  readonly task: SegmentTask
  readonly checkpoints: readonly StoredCheckpoint[]
  readonly outcome: Promise<SegmentOutcome>
}

/** Reads on until something larger than `size` is held, or there is nothing more. */
const readBeyond = async (
  source: AsyncIterator<readonly StoredCheckpoint[]>,
  ahead: readonly StoredCheckpoint[],
  size: number,
): Promise<readonly StoredCheckpoint[]> => {
  for (let held = ahead; ;) {
    if ((held.at(-1)?.size ?? 0) > size) return held
    const { done, value } = await source.next()
    if (done) return held
    held = [...held, ...value]
  }
}

/** Cuts what is to be walked into segments that begin at multiples of their length, so that their trees can be joined. */
async function* plan(
  run: Run,
  { state }: WalkPosition,
  everySignature: boolean,
  length: number,
): AsyncGenerator<Omit<Given, 'outcome'>> {
  const { stored } = run
  const end = (stored.head?.sequence ?? -1) + 1
  const source = stored.checkpoints?.(state.expected + 1)[Symbol.asyncIterator]()
  let ahead: readonly StoredCheckpoint[] = []
  try {
    for (let from = state.expected; from < end;) {
      const to = Math.min(end, from - (from % length) + length)
      if (source) ahead = await readBeyond(source, ahead, to)
      const checkpoints = ahead.filter(({ size }) => size <= to)
      ahead = ahead.slice(checkpoints.length)
      const edge = from === state.expected ? state.tree.toBytes() : null
      const sizes = checkpoints.map(({ size }) => size)
      yield { task: { chain: stored.chain, from, to, edge, everySignature, sizes }, checkpoints }
      from = to
    }
  } finally {
    await source?.return?.()
  }
}

const again = (outcome: Outcome, before: WalkPosition): Outcome =>
  outcome.anchor === before.state ? { ...outcome, anchor: before.anchor } : outcome

interface Way {
  readonly run: Run
  readonly options: ParallelOptions
  readonly everySignature: boolean
  readonly onPosition?: ((position: WalkPosition) => void) | undefined
}

/** One segment's outcome joined to what lies before; walked in order where it does not join. */
const settle = async (way: Way, position: WalkPosition, given: Given): Promise<Outcome> => {
  const { run, everySignature } = way
  const outcome = await given.outcome
  const joined = outcome.kind === 'walked' ? joinSegment(run, given.task, position, given.checkpoints, outcome) : null
  if (joined && !hasWitness(run, given.task)) return { ...joined, fault: null }
  return again(await walkChain(run, position.state, everySignature, given.task.to), position)
}

/** A head that is to be compared lies in this segment. */
const hasWitness = ({ witnessed }: Run, { from, to }: SegmentTask): boolean =>
  witnessed !== undefined && witnessed.sequence >= from && witnessed.sequence < to

/** The same as `walkChain` to the end, with segments walked by the pool and joined in order. */
const walkSegments = async (way: Way, start: WalkPosition): Promise<Outcome> => {
  const { run, options, everySignature } = way
  const opened = again(await walkChain(run, start.state, everySignature, start.state.expected), start)
  if (opened.fault) return opened
  let position: WalkPosition = { state: opened.state, anchor: opened.anchor }
  const planned = plan(run, start, everySignature, options.segment ?? SEGMENT)
  const given: Given[] = []
  const give = async (): Promise<void> => {
    while (given.length < options.pool.size + AHEAD) {
      const { done, value } = await planned.next()
      if (done) return
      const outcome = options.pool.run(value.task)
      // Whatever is not waited for any more must not be an unhandled rejection.
      outcome.catch(() => undefined)
      given.push({ ...value, outcome })
    }
  }
  try {
    await give()
    for (let next = given.shift(); next; next = given.shift()) {
      const outcome = await settle(way, position, next)
      if (outcome.fault) return outcome
      position = { state: outcome.state, anchor: outcome.anchor }
      run.onProgress?.(position.state.expected)
      run.signal?.throwIfAborted()
      way.onPosition?.(position)
      await give()
    }
  } finally {
    await planned.return(undefined)
  }
  // Entries the head does not know of, and checkpoints of more entries than there are.
  return again(await walkChain(run, position.state, everySignature), position)
}

const walkBothWays = async (run: Run, options: ParallelOptions, start: WalkPosition): Promise<Outcome> => {
  const { mode, onPosition } = options
  const way = { run, options, everySignature: mode === 'full', onPosition }
  const first = await walkSegments(way, start)
  if (mode === 'full') return first
  const { anchor } = first
  const second = await walkSegments({ run, options, everySignature: true }, { state: anchor, anchor })
  return second.fault ? second : { ...second, fault: first.fault }
}

/**
 * The verdict of `verifyChain`, by as many hands as the pool has. The pool may read the chain in a later state than
 * `stored`, as long as entries were only appended: what does not join is walked again in `stored` itself.
 */
export const verifyInParallel = async (stored: StoredChain, options: ParallelOptions): Promise<Verdict> => {
  const { mode } = options
  const run = runOf(stored, contextOf(stored, options), options)
  const start = options.position ?? beginWalk(run)
  if (isFault(start)) return refusal(stored.chain, mode, stored.cut?.size ?? 0, start)
  const { state, fault } = await walkBothWays(run, options, start)
  if (fault) return refusal(stored.chain, mode, state.expected, fault)
  const verdict = await concludeWalk(run, mode, state)
  // A payload erased while this went on has its tombstone behind the head of `stored`.
  const isErasing = !verdict.ok && isErasureFault(verdict.what)
  return isErasing ? verifyChain(stored, options) : verdict
}
