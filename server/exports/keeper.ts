import type { Worker } from 'node:worker_threads'
import { AppError } from '../../shared/contract/errors.ts'
import { startThread } from '../audit/verification-threads.ts'
import type { EvidenceChain } from './evidence-writer.ts'
import type { Written } from './file-sink.ts'
import {
  DATA_UNDER_WAY,
  FAILED,
  ROWS_UNDER_WAY,
  SHARED_BYTES,
  type KeeperAnswer,
  type KeeperData,
  type KeeperMessage,
} from './keeper-state.ts'
import { RowPiece, roomOf, type PieceRow } from './row-piece.ts'
import { errorOf } from './thread-failure.ts'

const PIECE_BYTES = 256 * 1024
const PIECES_MAX = 4
const WORKER = new URL('./keeper-worker.ts', import.meta.url)
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 }
/** A thread that took nothing for so long is not there any more. */
const STUCK_MS = 60_000

/** The other thread failed: why, `reasonOf` says. */
class Stopped extends Error {}

type Answered = Exclude<KeeperAnswer, { kind: 'error' }>

/**
 * Another thread that proves, digests and writes, so that whoever reads and renders waits for neither hash nor disk, but
 * for room where more than a few pieces are under way. One call at a time; `abandon` in any case.
 */
export class Keeper {
  readonly #worker: Worker
  readonly #state: Int32Array
  readonly #failed: Promise<AppError>
  /** Filled and emptied in turn: with so many under way at most, the next is free. */
  readonly #rows = Array.from({ length: PIECES_MAX + 1 }, () => new RowPiece(PIECE_BYTES))
  readonly #texts = Array.from({ length: PIECES_MAX + 1 }, () => Buffer.from(new SharedArrayBuffer(PIECE_BYTES)))
  readonly #answers: Answered[] = []
  #arrived: () => void = () => undefined
  #rowTurn = 0
  #textTurn = 0
  #textUsed = 0

  constructor(data: Omit<KeeperData, 'shared'>) {
    const shared = new SharedArrayBuffer(SHARED_BYTES)
    this.#state = new Int32Array(shared)
    const workerData: KeeperData = { ...data, shared }
    this.#worker = startThread(WORKER, workerData, LIMITS)
    this.#failed = new Promise((resolve) => {
      this.#worker.on('message', (answer: KeeperAnswer) => {
        if (answer.kind === 'error') return resolve(errorOf(answer))
        this.#answers.push(answer)
        return this.#arrived()
      })
      this.#worker.on('error', (cause) => resolve(new AppError('WORKER_CRASHED', {}, { cause })))
      this.#worker.on('exit', () => resolve(new AppError('WORKER_CRASHED')))
    })
  }

  /** Of the data, in order. */
  text(text: string): void {
    // UTF-8 takes at most three bytes for a unit of UTF-16.
    if (text.length * 3 > PIECE_BYTES - this.#textUsed) this.#sendText()
    if (text.length * 3 > PIECE_BYTES) this.#send('data', DATA_UNDER_WAY, Buffer.from(text, 'utf8'))
    else this.#textUsed += at(this.#texts, this.#textTurn).write(text, this.#textUsed, 'utf8')
  }

  begin(path: string, chain: EvidenceChain): void {
    this.#post({ kind: 'begin', path, chain })
  }

  /** Of the chain that was begun last, in order. */
  row(row: PieceRow): void {
    if (at(this.#rows, this.#rowTurn).put(row)) return
    this.#sendRows()
    if (at(this.#rows, this.#rowTurn).put(row)) return
    const large = new RowPiece(roomOf(row))
    large.put(row)
    this.#send('rows', ROWS_UNDER_WAY, large.bytes)
  }

  /** The evidence of a chain is proved and durable when it resolves. Throws as `EvidenceWriter`. */
  async end(): Promise<Written> {
    this.#sendRows()
    this.#post({ kind: 'end' })
    return (await this.#answer()).written
  }

  /** The data is durable when it resolves. Throws EXPORT_DISK_FULL. */
  async close(): Promise<{ readonly written: Written; readonly bytesLeft: number }> {
    this.#sendText()
    this.#post({ kind: 'close' })
    const answer = await this.#answer()
    if (answer.kind !== 'data') throw new AppError('INTERNAL', { reason: 'keeper' })
    return answer
  }

  /** What an error of a call here comes from: the other thread's own, where it stopped. */
  async reasonOf(error: unknown): Promise<unknown> {
    return error instanceof Stopped ? this.#failed : error
  }

  /** Ends it, whatever it has come to; its files are closed. */
  async abandon(): Promise<void> {
    await this.#worker.terminate()
  }

  #sendText(): void {
    if (this.#textUsed === 0) return
    const piece = at(this.#texts, this.#textTurn).subarray(0, this.#textUsed)
    this.#textTurn = (this.#textTurn + 1) % this.#texts.length
    this.#textUsed = 0
    this.#send('data', DATA_UNDER_WAY, piece)
  }

  #sendRows(): void {
    const piece = at(this.#rows, this.#rowTurn)
    if (piece.used === 0) return
    this.#rowTurn = (this.#rowTurn + 1) % this.#rows.length
    this.#send('rows', ROWS_UNDER_WAY, piece.bytes.subarray(0, piece.used))
    at(this.#rows, this.#rowTurn).clear()
  }

  /** With so many under way, the piece that is filled next is free when this returns. */
  #send(kind: 'data' | 'rows', place: number, piece: Uint8Array): void {
    if (Atomics.load(this.#state, FAILED) !== 0) throw new Stopped()
    this.#awaitRoom(place)
    Atomics.add(this.#state, place, 1)
    this.#post({ kind, piece })
  }

  #awaitRoom(place: number): void {
    const until = performance.now() + STUCK_MS
    for (;;) {
      const under = Atomics.load(this.#state, place)
      if (under < PIECES_MAX) return
      if (performance.now() > until) throw new AppError('WORKER_CRASHED')
      Atomics.wait(this.#state, place, under, 1000)
    }
  }

  #post(message: KeeperMessage): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
    this.#worker.postMessage(message)
  }

  async #answer(): Promise<Answered> {
    const arrived = new Promise<null>((resolve) => {
      this.#arrived = () => resolve(null)
    })
    const failure = this.#answers.length > 0 ? null : await Promise.race([arrived, this.#failed])
    const answer = this.#answers.shift()
    if (answer) return answer
    throw failure ?? new AppError('WORKER_CRASHED')
  }
}

const at = <T>(ring: readonly T[], turn: number): T => {
  const one = ring[turn]
  if (one === undefined) throw new AppError('INTERNAL', { reason: 'keeper' })
  return one
}
