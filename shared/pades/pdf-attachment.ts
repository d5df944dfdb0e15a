import { refuse } from './pades-error.ts'
import { PdfFile } from './pdf-file.ts'
import { textOf, type PdfValue } from './pdf-value.ts'

const MAX_NODES = 10_000
const MAX_DEPTH = 16
const CLAUSE = 'ISO 32000-1 7.11.4'
const MAX_ATTACHMENT_BYTES = 256 * 1024 * 1024

/**
 * The octets of the file that a PDF embeds under that name (ISO 32000-1 7.11.4), as of the whole file: call it after
 * `verifyPades`. Throws PadesError `attachment` where there is none or more than one, `too-large`.
 */
export function readPdfAttachment(pdf: Uint8Array, name: string, limit = MAX_ATTACHMENT_BYTES): Uint8Array {
  const file = new PdfFile(pdf)
  const names = file.optionalDict(file.root.entries.get('Names'), 'ISO 32000-1 7.7.4: Names')
  const found: PdfValue[] = []
  let visited = 0
  const walk = (node: PdfValue | undefined, depth: number): void => {
    if (!node) return
    if (++visited > MAX_NODES || depth > MAX_DEPTH) refuse('too-large', 'name tree', { limit: MAX_NODES })
    const dict = file.dict(node, 'ISO 32000-1 7.9.6: name tree')
    const pairs = file.items(dict.entries.get('Names'), 'ISO 32000-1 7.9.6: Names')
    for (let i = 1; i < pairs.length; i += 2) {
      const specification = file.dict(pairs[i], CLAUSE)
      const own = file.resolve(specification.entries.get('UF') ?? specification.entries.get('F'))
      const embedded = file.optionalDict(specification.entries.get('EF'), CLAUSE)?.entries
      const content = embedded?.get('UF') ?? embedded?.get('F')
      if (content && own.kind === 'string' && textOf(own) === name) found.push(content)
    }
    for (const kid of file.items(dict.entries.get('Kids'), 'ISO 32000-1 7.9.6: Kids')) walk(kid, depth + 1)
  }
  walk(names?.entries.get('EmbeddedFiles'), 0)
  const stream = file.resolve(found[0])
  if (found.length !== 1 || stream.kind !== 'stream') {
    return refuse('attachment', CLAUSE, { name: name.slice(0, 100), found: found.length })
  }
  return file.data(stream, limit)
}
