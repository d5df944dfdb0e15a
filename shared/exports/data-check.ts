import { hashState, type HashState } from '../ades/index.ts'
import { sameBytes } from '../audit/bytes.ts'
import { judge } from './indication.ts'
import { headOf, type Manifest } from './manifest.ts'
import { lookupIn } from './name-lookup.ts'
import type { Names } from './names.ts'
import { readPdfAttachment } from '../pades/index.ts'
import { openRenderer, type DataFormat } from './renderer.ts'
import type { Renderer } from './rendering.ts'
import { failed, passed, type Check } from './report.ts'
import type { ExportRow } from './row.ts'

/** What a PDF embeds: the same entries as JSON Lines. */
export const PDF_ATTACHMENT = 'audit.jsonl'

const PIECE = 256 * 1024
const about = { check: 'data' } as const
const differs = (): Check => failed({ ...about, code: 'differs', sub: 'HASH_FAILURE', indication: 'TOTAL-FAILED' })

/** The data rendered again from the evidence, digested on the way. */
export class DataAgain {
  readonly #renderer: Renderer
  readonly #state: HashState = hashState('sha256')
  /** Written text that was not digested yet, and how much there is in bytes. */
  #pending = ''
  #bytes = 0
  #rows = 0

  constructor(manifest: Manifest, names: Names) {
    const format: DataFormat = manifest.order.format === 'pdf' ? 'jsonl' : manifest.order.format
    this.#renderer = openRenderer(format, { names: lookupIn(names), manifestHead: headOf(manifest) })
    this.#put(this.#renderer.head())
  }

  row(row: ExportRow): void {
    this.#rows += 1
    this.#put(this.#renderer.row(row))
  }

  /** Digest and length of all that stands before the tail, and the tail. */
  end(): DataDigest {
    this.#flush()
    const body = this.#state.copy()
    const tail = this.#renderer.tail()
    const bodyBytes = this.#bytes
    this.#put(tail)
    this.#flush()
    const whole = this.#state.digest()
    return { body: body.digest(), bodyBytes, whole, wholeBytes: this.#bytes, tail: Buffer.from(tail), rows: this.#rows }
  }

  #put(text: string): void {
    this.#pending += text
    if (this.#pending.length >= PIECE) this.#flush()
  }

  #flush(): void {
    const bytes = Buffer.from(this.#pending)
    this.#pending = ''
    this.#bytes += bytes.length
    this.#state.update(bytes)
  }
}

export interface DataDigest {
  readonly body: Uint8Array
  readonly bodyBytes: number
  readonly whole: Uint8Array
  readonly wholeBytes: number
  readonly tail: Uint8Array
  readonly rows: number
}

/** The data is what the evidence gives. `sha256`: of the member as a whole. */
export const checkData = (again: DataDigest, sha256: Uint8Array): Check =>
  sameBytes(again.whole, sha256) ? passed({ ...about, facts: { rows: again.rows } }) : differs()

/** The same for XML with a signature between the last row and the tail. What that holds, XAdES says. */
export const checkEnveloped = (again: DataDigest, data: Uint8Array): Check => {
  const { bodyBytes, tail } = again
  const state = hashState('sha256')
  state.update(data.subarray(0, bodyBytes))
  const end = data.subarray(Math.max(data.length - tail.length, bodyBytes))
  const isSame = sameBytes(state.digest(), again.body) && sameBytes(end, tail)
  return isSame ? passed({ ...about, facts: { rows: again.rows } }) : differs()
}

/** Pages for people cannot be rendered again here; what they were made from is embedded, and is compared. */
export const checkPdf = (again: DataDigest, pdf: Uint8Array): Check => {
  try {
    const state = hashState('sha256')
    state.update(readPdfAttachment(pdf, PDF_ATTACHMENT))
    if (!sameBytes(state.digest(), again.whole)) return differs()
    return passed({ ...about, code: 'report', facts: { rows: again.rows } })
  } catch (error) {
    const { subIndication: sub, indication, reason, clause } = judge(error)
    return failed({ ...about, sub, indication, clause, facts: { reason } })
  }
}
