import { pdfArray, pdfDict, pdfName, pdfNumber, type NewStream } from './pdf-value.ts'

/** Advance widths of Helvetica from space to tilde, in thousandths (Adobe Core 14 metrics). */
const WIDTHS = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
  556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
  722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
  556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
  260, 334, 584,
]
const EXTRA = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ'
const LARGEST = 9
const PADDING = 4

/** The octets of Windows-1252 for a text; what it does not have without its marks, or as `?`. */
const encode = (text: string): number[] =>
  Array.from(text.normalize('NFC'), (letter) => octetOf(letter) ?? octetOf(letter.normalize('NFD').charAt(0)) ?? 0x3f)

function octetOf(letter: string): number | null {
  const code = letter.codePointAt(0) ?? 0
  if ((code >= 0x20 && code < 0x7f) || (code >= 0xa0 && code < 0x100)) return code
  const at = EXTRA.indexOf(letter)
  return at < 0 ? null : 0x80 + at
}

const widthOf = (octets: readonly number[]): number =>
  octets.reduce((sum, one) => sum + (WIDTHS[one - 0x20] ?? 667), 0) / 1000

const number = (value: number): string => String(Math.round(value * 100) / 100)

/** What stands in the box of a signature (ISO 32000-1 12.5.5): lines of text in a thin frame, as large as they fit. */
export function signatureAppearance(width: number, height: number, lines: readonly string[]): NewStream {
  const encoded = lines.map(encode)
  const widest = Math.max(0.1, ...encoded.map(widthOf))
  const room = { width: Math.max(1, width - 2 * PADDING), height: Math.max(1, height - 2 * PADDING) }
  const size = Math.min(LARGEST, room.width / widest, room.height / (1.25 * Math.max(1, lines.length)))
  const leading = 1.25 * size
  const text = encoded.map((octets) => `<${octets.map((one) => one.toString(16).padStart(2, '0')).join('')}> Tj T*`)
  const content = [
    'q 0.6 G 0.5 w',
    `0.25 0.25 ${number(width - 0.5)} ${number(height - 0.5)} re S`,
    `BT /F1 ${number(size)} Tf ${number(leading)} TL 0.1 0.13 0.2 rg`,
    `${number(PADDING)} ${number(height - PADDING - size)} Td`,
    ...text,
    'ET Q',
  ].join('\n')
  const font = pdfDict({
    Type: pdfName('Font'),
    Subtype: pdfName('Type1'),
    BaseFont: pdfName('Helvetica'),
    Encoding: pdfName('WinAnsiEncoding'),
  })
  return {
    kind: 'new-stream',
    dict: pdfDict({
      Type: pdfName('XObject'),
      Subtype: pdfName('Form'),
      BBox: pdfArray(...[0, 0, width, height].map(pdfNumber)),
      Resources: pdfDict({ Font: pdfDict({ F1: font }) }),
    }),
    data: Uint8Array.from(content, (one) => one.charCodeAt(0)),
  }
}
