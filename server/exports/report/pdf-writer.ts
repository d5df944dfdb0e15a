import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { deflate, deflateSync } from 'node:zlib'

const inThread = promisify<Uint8Array, Buffer>(deflate)

/** Text as a PDF string: UTF-16BE with its mark (ISO 32000-1 7.9.2.2). */
export const textString = (text: string): string => `<feff${Buffer.from(text, 'utf16le').swap16().toString('hex')}>`

/** Dates (7.9.4), in UTC. */
export const dateString = (at: number): string =>
  `(D:${new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z)`

/**
 * A PDF written from its first octet to its last: objects as they come, the cross-reference table at the end. Holds what
 * was written and nothing else, compressed at once.
 */
export class PdfWriter {
  readonly #parts: Uint8Array[] = []
  #length = 0
  readonly #offsets: number[] = [0]

  constructor() {
    this.#push('%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n')
  }

  /** A number for an object that is written later. */
  reserve(): number {
    this.#offsets.push(-1)
    return this.#offsets.length - 1
  }

  add(content: string): number {
    const number = this.reserve()
    this.write(number, content)
    return number
  }

  write(number: number, content: string): void {
    this.#offsets[number] = this.#length
    this.#push(`${number} 0 obj\n${content}\nendobj\n`)
  }

  /** A stream, compressed where that makes it smaller; `dict`: its other entries. */
  stream(data: Uint8Array, dict = ''): number {
    return this.#stream(data, deflateSync(data), dict)
  }

  /** The same for much data, compressed beside everything else. */
  async longStream(data: Uint8Array, dict = ''): Promise<number> {
    return this.#stream(data, await inThread(data), dict)
  }

  #stream(data: Uint8Array, packed: Uint8Array, dict: string): number {
    const isSmaller = packed.length < data.length
    const bytes = isSmaller ? packed : data
    const number = this.reserve()
    this.#offsets[number] = this.#length
    const filter = isSmaller ? ' /Filter /FlateDecode' : ''
    this.#push(`${number} 0 obj\n<<${dict}${filter} /Length ${bytes.length}>>\nstream\n`)
    this.#pushBytes(bytes)
    this.#push('\nendstream\nendobj\n')
    return number
  }

  /** The whole file; its identifier comes from what it holds, so that the same content gives the same bytes. */
  end(root: number, info: number): Uint8Array {
    const digest = createHash('sha256')
    for (const part of this.#parts) digest.update(part)
    const id = digest.digest('hex').slice(0, 32)
    const startxref = this.#length
    const rows = this.#offsets.map((at, number) =>
      number === 0 ? '0000000000 65535 f \n' : `${String(at).padStart(10, '0')} 00000 n \n`,
    )
    const size = this.#offsets.length
    this.#push(`xref\n0 ${size}\n${rows.join('')}`)
    this.#push(`trailer\n<</Size ${size} /Root ${root} 0 R /Info ${info} 0 R /ID [<${id}> <${id}>]>>\n`)
    this.#push(`startxref\n${startxref}\n%%EOF\n`)
    return Buffer.concat(this.#parts, this.#length)
  }

  #push(text: string): void {
    this.#pushBytes(Buffer.from(text, 'latin1'))
  }

  #pushBytes(bytes: Uint8Array): void {
    this.#parts.push(bytes)
    this.#length += bytes.length
  }
}
