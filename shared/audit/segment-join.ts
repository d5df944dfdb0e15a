import { encodeBase64url } from './base64url.ts'
import type { Run } from './chain-walk.ts'
import { advanceKeys, commitsTo, findSigner } from './key-ring.ts'
import type { KeyUse } from './key-ring.ts'
import { KEY_OBJECT } from './marks.ts'
import { MerkleFrontier } from './merkle.ts'
import type { SegmentEvent, SegmentTask, SegmentWalked } from './segment.ts'
import type { StoredCheckpoint } from './stored.ts'
import type { WalkPosition } from './verification.ts'
import { copyState, isFault } from './walk.ts'
import type { WalkState } from './walk.ts'

type Of<Kind extends SegmentEvent['kind']> = Extract<SegmentEvent, { kind: Kind }>

/** Goes through what a segment told, in order, as the walk would have; false anywhere: only the walk can tell. */
class Join {
  readonly #run: Run
  readonly #task: SegmentTask
  readonly #checkpoints: readonly StoredCheckpoint[]
  #state: WalkState
  #anchor: WalkState
  #checkpoint = 0

  constructor(run: Run, task: SegmentTask, { state, anchor }: WalkPosition, checkpoints: readonly StoredCheckpoint[]) {
    this.#run = run
    this.#task = task
    this.#checkpoints = checkpoints
    this.#state = copyState(state)
    this.#anchor = anchor
  }

  join(walked: SegmentWalked): WalkPosition | null {
    const { from, to, everySignature } = this.#task
    const isNext = this.#state.expected === from && encodeBase64url(this.#state.previous) === walked.previous
    if (!isNext || !walked.events.every((event) => this.#take(event))) return null
    if (this.#checkpoint !== this.#checkpoints.length) return null
    const signaturesChecked = this.#state.signaturesChecked + (everySignature ? to - from : 0)
    const tree = this.#treeAt(to, walked.edge)
    const state = { ...this.#state, expected: to, previous: walked.last, tree, signaturesChecked }
    return { state, anchor: this.#anchor }
  }

  #treeAt(size: number, edge: Uint8Array): MerkleFrontier {
    if (this.#task.edge) return MerkleFrontier.fromBytes(size, edge)
    const tree = this.#state.tree.copy()
    tree.join(MerkleFrontier.fromBytes(size - this.#task.from, edge))
    return tree
  }

  #take(event: SegmentEvent): boolean {
    switch (event.kind) {
      case 'signer':
        return this.#sign({ ...event, object: { type: '', id: '' } })
      case 'announcement':
        return this.#announce(event)
      case 'erased':
        this.#state.erased.add(event.from, event.marks, event.to)
        this.#state = { ...this.#state, payloadsErased: this.#state.payloadsErased + event.to - event.from + 1 }
        return true
      case 'tombstone':
        this.#state.erased.drop(event.from, event.to, event.marks)
        return true
      case 'cut':
        return this.#cut(event)
      default:
        return this.#check(event)
    }
  }

  #sign(use: Pick<KeyUse, 'sequence' | 'key' | 'object'>): boolean {
    const action = use.object.type === KEY_OBJECT ? 'KeyUse' : 'Insertion'
    const { sequence, key, object } = use
    const entry = { chain: this.#run.context.chain, sequence, key, object, action } as const
    const signer = findSigner(entry, this.#state.keys, this.#run.context.keys)
    if (isFault(signer)) return false
    const keys = advanceKeys(this.#state.keys, entry, signer, this.#run.context)
    if (isFault(keys)) return false
    this.#state = { ...this.#state, keys }
    return true
  }

  #announce(event: Of<'announcement'>): boolean {
    const { sequence, key, announced, payload, signature, edge, edgeAfter } = event
    if (!commitsTo(payload, this.#treeAt(sequence, edge))) return false
    if (!this.#sign({ sequence, key, object: { type: KEY_OBJECT, id: announced } })) return false
    if (!this.#task.everySignature) {
      this.#state = { ...this.#state, signaturesChecked: this.#state.signaturesChecked + 1 }
    }
    this.#anchorAt(sequence + 1, signature, this.#treeAt(sequence + 1, edgeAfter))
    return true
  }

  #cut({ id }: Of<'cut'>): boolean {
    const { cut, keys } = this.#state
    if (cut?.id !== id) return true
    if (keys.root?.keyId !== cut.signedBy) return false
    this.#state = { ...this.#state, cut: null }
    return true
  }

  #check({ size, edge, signature, isChecked }: Of<'checkpoint'>): boolean {
    const stored = this.#checkpoints[this.#checkpoint]
    this.#checkpoint += 1
    const { noted: before, from, keys } = this.#state
    if (stored?.size !== size || before?.size === size) return false
    const tree = this.#treeAt(size, edge)
    const checked = this.#run.notes.check(stored, tree.root(), { noted: before, from })
    if (isFault(checked)) return false
    const { noted, endorsedBy } = checked
    const more = isChecked && !this.#task.everySignature ? 1 : 0
    this.#state = { ...this.#state, noted, signaturesChecked: this.#state.signaturesChecked + more }
    if (keys.announced.has(endorsedBy)) this.#anchorAt(size, signature, tree)
    // An announcement that is an anchor by itself goes on from behind its checkpoint.
    else if (this.#anchor.expected === size) this.#anchor = { ...this.#anchor, noted }
    return true
  }

  /** Something signed by other means than entry by entry proves everything before `size`. */
  #anchorAt(size: number, previous: Uint8Array, tree: MerkleFrontier): void {
    const { from, everySignature } = this.#task
    const signaturesChecked = this.#state.signaturesChecked + (everySignature ? size - from : 0)
    this.#anchor = { ...copyState(this.#state), expected: size, previous, tree, signaturesChecked }
  }
}

/**
 * The position behind a segment, given the one before it; exactly what a walk in order would have come to, or null
 * where that would have found a fault. `checkpoints`: those stored for the task's sizes. `position` is left as it is.
 */
export const joinSegment = (
  run: Run,
  task: SegmentTask,
  position: WalkPosition,
  checkpoints: readonly StoredCheckpoint[],
  walked: SegmentWalked,
): WalkPosition | null => {
  try {
    return new Join(run, task, position, checkpoints).join(walked)
  } catch {
    // An edge that does not fit its size: the walk in order tells what it is.
    return null
  }
}
