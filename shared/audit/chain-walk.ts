import { sameBytes } from './bytes.ts'
import { createNoteChecker } from './checkpoint-check.ts'
import type { NoteChecker } from './checkpoint-check.ts'
import { isAnnouncement } from './key-ring.ts'
import { classify, goesOnWithout } from './misfit.ts'
import type { StoredChain, StoredCheckpoint, StoredEntry } from './stored.ts'
import type { Fault } from './verdict.ts'
import { advance, copyState, fits, isFault, tryParse } from './walk.ts'
import type { WalkContext, WalkState } from './walk.ts'

/** A head someone else kept, sequence and signature: the chain must still hold it. */
export interface WitnessedHead {
  readonly sequence: number
  readonly signature: Uint8Array
}

export interface Run {
  readonly stored: StoredChain
  readonly context: WalkContext
  readonly notes: NoteChecker
  readonly witnessed: WitnessedHead | undefined
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((checked: number) => void) | undefined
}

export const runOf = (
  stored: StoredChain,
  context: WalkContext,
  more: Partial<Pick<Run, 'witnessed' | 'signal' | 'onProgress'>> = {},
): Run => {
  const notes = createNoteChecker({ ...context, noteKeys: stored.noteKeys ?? [] })
  const { witnessed, signal, onProgress } = more
  return { stored, context, notes, witnessed, signal, onProgress }
}

export interface Outcome {
  readonly state: WalkState
  readonly fault: Fault | null
  /** The state after the last entry whose signature covers all before it. */
  readonly anchor: WalkState
}

/** Rows one by one, each with the one that follows. */
async function* pairs(run: Run, from: number): AsyncGenerator<readonly [StoredEntry, StoredEntry | null]> {
  let held: StoredEntry | null = null
  let checked = from
  for await (const batch of run.stored.entries(from)) {
    run.signal?.throwIfAborted()
    for (const row of batch) {
      if (held) yield [held, row]
      held = row
    }
    checked += batch.length
    run.onProgress?.(checked)
  }
  if (held) yield [held, null]
}

interface Looked {
  readonly state: WalkState
  readonly fault: Fault | null
  /** A checkpoint signs all that was walked so far. */
  readonly isAnchor: boolean
}

/** The stored checkpoints in the order of their sizes, looked at when the walk is there. */
class CheckpointsAhead {
  readonly #run: Run
  readonly #source: AsyncIterator<readonly StoredCheckpoint[]> | null
  #batch: readonly StoredCheckpoint[] = []
  #place = 0

  constructor(run: Run, from: number) {
    this.#run = run
    this.#source = run.stored.checkpoints?.(from)[Symbol.asyncIterator]() ?? null
  }

  async #next(): Promise<StoredCheckpoint | null> {
    while (this.#source && this.#place >= this.#batch.length) {
      const { done, value } = await this.#source.next()
      if (done) return null
      ;[this.#batch, this.#place] = [value, 0]
    }
    return this.#batch[this.#place] ?? null
  }

  /** Looks at every checkpoint up to the size the walk has come to. */
  async look(state: WalkState): Promise<Looked> {
    const { expected, from, tree, keys } = state
    let noted = state.noted
    let isAnchor = false
    for (let next = await this.#next(); next && next.size <= expected; next = await this.#next()) {
      this.#place += 1
      const at = (kind: Fault['kind']): Looked => ({
        state,
        isAnchor: false,
        fault: { kind, sequence: next.size, what: 'checkpoint' },
      })
      if (next.size === noted?.size) return at('inserted')
      // Before a cut there is nothing left to hash; a size passed over belongs to no state of this chain.
      if (next.size !== expected && next.size >= from) return at('altered')
      const root = next.size === expected ? tree.root() : null
      const checked = this.#run.notes.check(next, root, { noted, from })
      if (isFault(checked)) return { state, isAnchor: false, fault: checked }
      noted = checked.noted
      isAnchor = next.size === expected && keys.announced.has(checked.endorsedBy)
    }
    return { state: noted === state.noted ? state : { ...state, noted }, isAnchor, fault: null }
  }

  /** Whether a checkpoint of so many entries comes next. */
  async isOf(size: number): Promise<boolean> {
    return (await this.#next())?.size === size
  }

  /** A checkpoint of more entries than there are: what it signed is gone. */
  async findBeyond(expected: number): Promise<Fault | null> {
    const next = await this.#next()
    if (!next) return null
    const found = this.#run.notes.findFault(next, null, 'checkpoint')
    return found ?? { kind: 'truncated', sequence: expected, what: 'checkpoint' }
  }

  async close(): Promise<void> {
    await this.#source?.return?.()
  }
}

const checkWitness = ({ witnessed }: Run, row: StoredEntry, sequence: number): Fault | null => {
  if (!witnessed || witnessed.sequence !== sequence || sameBytes(witnessed.signature, row.signature)) return null
  return { kind: 'forked', sequence, what: 'witness' }
}

/** A fault in a row that sits in the right place may still mean that the row was put there. */
const refine = (found: Fault, run: Run, state: WalkState, row: StoredEntry, next: StoredEntry | null): Fault => {
  const isForgery = found.what === 'signature' || found.kind === 'unknown-key' || found.kind === 'wrong-key'
  if (!isForgery || found.kind === 'unsealed') return found
  const misfit = { row, entry: null, next, state, context: run.context, entries: run.stored.entries }
  const head = run.stored.head
  const isBeyond = found.what === 'signature' && head !== null && state.expected > head.sequence
  return isBeyond || goesOnWithout(misfit) ? { kind: 'inserted', sequence: row.sequence, what: found.what } : found
}

interface Step {
  readonly state: WalkState
  readonly fault: Fault | null
  readonly isAnchor: boolean
}

const step = async (
  run: Run,
  state: WalkState,
  [row, next]: readonly [StoredEntry, StoredEntry | null],
  everySignature: boolean,
): Promise<Step> => {
  const entry = tryParse(row)
  if (entry === null || !fits(entry, state, run.context.chain)) {
    const misfit = { row, entry, next, state, context: run.context, entries: run.stored.entries }
    return { state, fault: await classify(misfit), isAnchor: false }
  }
  const after = advance(row, entry, state, run.context, everySignature)
  if (isFault(after)) return { state, fault: refine(after, run, state, row, next), isAnchor: false }
  return { state: after, fault: checkWitness(run, row, entry.sequence), isAnchor: isAnnouncement(entry) }
}

/**
 * Walks from `start` to the end, or to `until` entries. Each state holds what was proved so far; the first fault ends
 * the walk with the state before it. `start` is left as it is.
 */
export const walkChain = async (
  run: Run,
  start: WalkState,
  everySignature: boolean,
  until = Number.POSITIVE_INFINITY,
): Promise<Outcome> => {
  let state = copyState(start)
  let anchor = start
  // Those before a cut come once, at the beginning.
  const isBeginning = start.expected === start.from && start.noted === null
  const checkpoints = new CheckpointsAhead(run, isBeginning ? 0 : start.expected + 1)
  try {
    const before = await checkpoints.look(state)
    state = before.state
    if (before.fault) return { state, anchor, fault: before.fault }
    if (state.expected >= until) return { state, anchor, fault: null }
    for await (const pair of pairs(run, start.expected)) {
      // The tree holds no signatures: the last one under a checkpoint is checked, each before it is in the next entry.
      const made = await step(run, state, pair, everySignature || (await checkpoints.isOf(state.expected + 1)))
      state = made.state
      if (made.fault) return { state, anchor, fault: made.fault }
      const looked = await checkpoints.look(state)
      state = looked.state
      if (looked.fault) return { state, anchor, fault: looked.fault }
      if (made.isAnchor || looked.isAnchor) anchor = copyState(state)
      // A second row for a place before the end belongs to this stretch, and would be seen by nobody else.
      if (state.expected >= until && !(pair[1] && pair[1].sequence < until)) return { state, anchor, fault: null }
    }
    return { state, anchor, fault: await checkpoints.findBeyond(state.expected) }
  } finally {
    await checkpoints.close()
  }
}
