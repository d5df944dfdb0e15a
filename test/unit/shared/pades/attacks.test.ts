import { describe, expect, it } from 'vitest'
import { addDocTimeStamp, addPdfValidationData } from '../../../../shared/pades/index.ts'
import {
  after,
  appendPackedPdf,
  appendPdf,
  bytesOf,
  dataOf,
  judge,
  latin1,
  makeWorld,
  packedPdf,
  plainPdf,
  reason,
  sign,
  stampAt,
} from './kit.ts'

// The attacker holds a signed file and may append or put in what he likes; he may also have written the file that was
// signed. Shapes: Mladenov, Mainka et al., "1 Trillion Dollar Refund" (2019) and "Shadow Attacks" (2021); Rohlmann et
// al., "Breaking the Specification: PDF Certification" (2021).

const world = await makeWorld()
const EVIL = 'BT /F1 24 Tf 72 700 Td (Pay 999999 euro) Tj ET'
const stream = (content: string) => `<</Length ${content.length}>>\nstream\n${content}\nendstream`
const PAGE = '/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources <</Font <</F1 5 0 R>>>>'
const ACROFORM = '/Fields [8 0 R] /SigFlags 3'
const CATALOG = '/Type /Catalog /Pages 2 0 R /AcroForm 9 0 R'
const widget = (more: string) =>
  `<</Type /Annot /Subtype /Widget /FT /Sig /T (Second) /Rect [0 0 0 0] /F 132 /P 3 0 R ${more}>>`

/** Objects once it is signed: 7 the signature, 8 its field, 9 the form; 10 and above are free. */
const signed = await sign(world, plainPdf())

type Attack = (pdf: Uint8Array) => Uint8Array
const update =
  (...parameters: Parameters<typeof appendPdf> extends [unknown, ...infer Rest] ? Rest : never): Attack =>
  (pdf) =>
    appendPdf(pdf, ...parameters)
const replace =
  (from: string | RegExp, to: string | ((whole: string) => string)): Attack =>
  (pdf) => {
    const text = latin1(pdf)
    const changed = typeof to === 'string' ? text.replace(from, to) : text.replace(from, to)
    expect(changed, String(from)).not.toBe(text)
    return bytesOf(changed)
  }

describe('when a signed file was changed', () => {
  it('accepts it as it was signed', () => {
    expect(judge(world, signed)).toMatchObject({
      level: 'B-B',
      signatures: [{ coversWholeDocument: true, addedAfter: [] }],
    })
  })

  it.each<[string, string, Attack]>([
    // Incremental saving.
    ['the content of a page redefined', 'changed-object', update({ 4: stream(EVIL) })],
    ['a font redefined', 'changed-object', update({ 5: '<</Type /Font /Subtype /Type1 /BaseFont /Symbol>>' })],
    ['a page with other content', 'changed-page', update({ 3: `<<${PAGE} /Contents 10 0 R>>`, 10: stream(EVIL) })],
    [
      'another page in the tree',
      'changed-page',
      update({ 2: '<</Type /Pages /Kids [10 0 R 3 0 R] /Count 2>>', 10: `<<${PAGE} /Contents 4 0 R>>` }),
    ],
    [
      'other pages in the catalog',
      'changed-catalog',
      update({ 1: `<</Type /Catalog /Pages 10 0 R /AcroForm 9 0 R>>`, 10: '<</Type /Pages /Kids [] /Count 0>>' }),
    ],
    ['another catalog', 'changed-catalog', update({ 10: `<<${CATALOG}>>` }, { root: 10 })],
    ['an action on opening', 'changed-catalog', update({ 1: `<<${CATALOG} /OpenAction <</S /JavaScript /JS (x)>>>>` })],
    [
      'scripts by name',
      'changed-catalog',
      update({ 1: `<<${CATALOG} /Names <</JavaScript <</Names [(a) <</S /JavaScript /JS (x)>>]>>>>>>` }),
    ],
    ['further actions', 'changed-catalog', update({ 1: `<<${CATALOG} /AA <</WC <</S /JavaScript /JS (x)>>>>>>` })],
    ['optional content', 'changed-catalog', update({ 1: `<<${CATALOG} /OCProperties <</OCGs [] /D <<>>>>>>` })],
    [
      'an extension that is more',
      'changed-catalog',
      update({ 1: `<<${CATALOG} /Extensions <</X <</S /JavaScript>>>>>>` }),
    ],
    ['an object taken away', 'changed-object', (pdf) => pointBack(pdf, 5, null)],
    ['metadata that a page uses', 'changed-catalog', update({ 1: `<<${CATALOG} /Metadata 4 0 R>>` })],
    // Annotations and forms.
    [
      'a note over the page',
      'changed-page',
      update({
        3: `<<${PAGE} /Contents 4 0 R /Annots [8 0 R 10 0 R]>>`,
        10: '<</Type /Annot /Subtype /FreeText /Rect [0 0 595 842] /Contents (x)>>',
      }),
    ],
    ['the widget of the signature taken away', 'changed-page', update({ 3: `<<${PAGE} /Contents 4 0 R /Annots []>>` })],
    [
      'a signature field with a box',
      'visible-addition',
      update({
        9: '<</Fields [8 0 R 10 0 R] /SigFlags 3>>',
        10: '<</Type /Annot /Subtype /Widget /FT /Sig /T (Second) /Rect [0 0 500 500] /F 132 /P 3 0 R /AP <</N 11 0 R>>>>',
        11: stream(EVIL),
      }),
    ],
    [
      'a field of text',
      'changed-form',
      update({
        9: '<</Fields [8 0 R 10 0 R] /SigFlags 3>>',
        10: '<</Type /Annot /Subtype /Widget /FT /Tx /T (x) /V (y) /Rect [0 0 0 0]>>',
      }),
    ],
    [
      'a signature field that acts',
      'changed-form',
      update({ 9: '<</Fields [8 0 R 10 0 R] /SigFlags 3>>', 10: widget('/AA <</Fo <</S /JavaScript /JS (x)>>>>') }),
    ],
    ['fonts of the form', 'changed-form', update({ 9: `<<${ACROFORM} /DR <</Font <</F1 5 0 R>>>>>>` })],
    ['appearances to be made anew', 'changed-form', update({ 9: `<<${ACROFORM} /NeedAppearances true>>` })],
    ['scripts of the form', 'changed-form', update({ 9: `<<${ACROFORM} /XFA (x)>>` })],
    [
      'the field of the signature with another box',
      'changed-object',
      update({
        8: '<</Type /Annot /Subtype /Widget /FT /Sig /T (Signature1) /V 7 0 R /Rect [0 0 500 500] /F 132 /P 3 0 R>>',
      }),
    ],
    ['the form without the signature', 'no-signature', update({ 9: '<</Fields [] /SigFlags 3>>' })],
    ['no form', 'no-signature', update({ 1: '<</Type /Catalog /Pages 2 0 R>>' })],
    // The security store as a disguise.
    [
      'a store with a script in it',
      'validation-data',
      update({ 1: `<<${CATALOG} /DSS 10 0 R>>`, 10: '<</JavaScript 11 0 R>>', 11: '<<>>' }),
    ],
    ['a store that is no list of streams', 'validation-data', update({ 1: `<<${CATALOG} /DSS <</Certs [5 0 R]>>>>` })],
    [
      'a store that redefines a font',
      'changed-object',
      update({ 1: `<<${CATALOG} /DSS <</Certs [4 0 R]>>>>`, 4: stream(EVIL) }),
    ],
    // The revisions themselves.
    ['octets behind the end', 'trailing-bytes', (pdf) => bytesOf(`${latin1(pdf)}%more`)],
    ['a line behind the end', 'trailing-bytes', (pdf) => bytesOf(`${latin1(pdf)}\n\n\n\n\n\n`)],
    [
      'an object that no section names',
      'unexpected-object',
      update({ 10: 'null' }, { more: `4 0 obj\n${stream(EVIL)}\nendobj\n` }),
    ],
    ['a remark with something in it', 'unexpected-object', update({ 10: 'null' }, { more: '% 4 0 obj\n' })],
    [
      'an update that passes over what was signed',
      'no-signature',
      (pdf) => appendPdf(pdf, { 10: 'null' }, { prev: Number(/startxref\s+(\d+)/.exec(latin1(pdf))?.[1]) }),
    ],
    ['an update built on an older revision, with the signature named again', 'revision', (pdf) => passOver(pdf)],
    [
      'a hybrid update',
      'cross-reference',
      (pdf) =>
        bytesOf(
          latin1(appendPdf(pdf, { 10: 'null' })).replace(
            /\/Prev (\d+)>>(?!.*\/Prev)/s,
            `/Prev $1 /XRefStm ${startOf(pdf, 'xref')}>>`,
          ),
        ),
    ],
    ['encryption', 'encrypted', update({ 10: 'null' }, { trailer: ' /Encrypt <</Filter /Standard>>' })],
    ['something more in the trailer', 'changed-catalog', update({ 10: 'null' }, { trailer: ' /Evil true' })],
    ['an Info that says more', 'changed-object', update({ 10: '<</Title (Other)>>' }, { trailer: ' /Info 10 0 R' })],
    // Universal signature forgery: the signature without what makes it one.
    [
      'ByteRange missing',
      'byte-range',
      replace(/\/ByteRange \[[^\]]*\]/, (whole) => '/ByteRangeX [0]'.padEnd(whole.length)),
    ],
    ['ByteRange empty', 'byte-range', rangeOf(() => '')],
    ['ByteRange of three numbers', 'byte-range', rangeOf(([a, b, c]) => `${a} ${b} ${c}`)],
    ['ByteRange of six numbers', 'byte-range', rangeOf(([a, b, c, d]) => `${a} ${b} ${c} ${d - 9} ${c + d - 9} 9`)],
    ['ByteRange with a negative number', 'byte-range', rangeOf(([, b, c, d]) => `-1 ${b} ${c} ${d}`)],
    ['ByteRange with a fraction', 'byte-range', rangeOf(([a, b, c, d]) => `${a}.0 ${b} ${c} ${d}`)],
    ['ByteRange that begins later', 'byte-range', rangeOf(([, b, c, d]) => `1 ${b} ${c} ${d}`)],
    ['ByteRange with a larger hole in front', 'byte-range', rangeOf(([a, b, c, d]) => `${a} ${b - 1} ${c} ${d}`)],
    ['ByteRange with a larger hole behind', 'byte-range', rangeOf(([a, b, c, d]) => `${a} ${b} ${c + 1} ${d - 1}`)],
    ['ByteRange that ends early', 'byte-range', rangeOf(([a, b, c]) => `${a} ${b} ${c} 20`)],
    ['ByteRange that ends inside', 'trailing-bytes', rangeOf(([a, b, c, d]) => `${a} ${b} ${c} ${d - 9}`)],
    ['ByteRange that ends beyond', 'byte-range', rangeOf(([a, b, c, d]) => `${a} ${b} ${c} ${d + 9}`)],
    ['ByteRange twice', 'duplicate-key', replace('/Filter /Adobe.PPKLite', '/ByteRange [0]        ')],
    ['Contents twice', 'duplicate-key', replace('/Filter /Adobe.PPKLite', '/Contents <00>        ')],
    ['Contents empty', 'contents', replace(/\/Contents <30[0-9a-f]{6}/, '/Contents <00000000')],
    ['Contents cut off', 'contents', replace(/\/Contents <3082[0-9a-f]{4}/, '/Contents <3082ffff')],
    ['Contents with octets behind', 'contents-padding', replace(/00>( \/Type \/Sig|\/Type \/Sig)/, '01>$1')],
    ['Contents with white space', 'contents', replace(/0000>( ?\/Type \/Sig)/, '00 0>$1')],
    ['Contents as text', 'contents', replace(/\/Contents <(3[0-9a-f]*)>/, '/Contents ($1)')],
    ['another SubFilter', 'sub-filter', replace('ETSI.CAdES.detached', 'adbe.pkcs7.detached')],
    ['no Filter', 'signature-dictionary', replace('/Filter /Adobe.PPKLite', '/Filler /Adobe.PPKLite')],
    // Signature wrapping: what was signed is moved, something else stands in its place.
    ['the second range moved behind an insertion', 'byte-range', wrap],
    ['the dictionary copied to a later revision', 'byte-range', (pdf) => appendPdf(pdf, { 7: dictionaryOf(pdf) })],
    [
      'a second field for the same signature',
      'signature-dictionary',
      update({ 9: '<</Fields [8 0 R 10 0 R] /SigFlags 3>>', 10: widget('/V 7 0 R') }),
    ],
    ['a field reached twice', 'structure', update({ 9: '<</Fields [8 0 R 8 0 R] /SigFlags 3>>' })],
    [
      'a name twice',
      'structure',
      update({
        9: '<</Fields [8 0 R 10 0 R] /SigFlags 3>>',
        10: widget('/V 7 0 R').replace('(Second)', '(Signature1)'),
      }),
    ],
    [
      'a signature inside the catalog',
      'signature-dictionary',
      update({ 9: '<</Fields [8 0 R 10 0 R] /SigFlags 3>>', 10: widget('/V <</Type /Sig>>') }),
    ],
    // What is signed.
    ['one octet of the page', 'digest-mismatch', replace('Pay 100', 'Pay 900')],
    ['one octet of the signature', 'bad-signature', flipSignature],
    ['what the signer claims', 'digest-mismatch', replace(/\/M \(D:2026/, '/M (D:2025')],
  ])('refuses %s: %s', (_name, expected, attack) => {
    const changed = attack(signed)
    expect(Buffer.compare(changed, signed)).not.toBe(0)
    expect(reason(() => judge(world, changed))).toBe(expected)
  })

  it.each([['table'], ['stream']])('refuses any one octet of what was signed changed (%s)', async (kind) => {
    const pdf = kind === 'table' ? signed : await sign(world, await packedPdf())
    const [, from = 0, to = 0] = /\/ByteRange \[(\d+) (\d+) (\d+)/.exec(latin1(pdf))?.slice(1).map(Number) ?? []
    for (let at = 0; at < pdf.length; at += 13) {
      if (at >= from && at < to) continue
      const changed = Uint8Array.from(pdf)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(
        reason(() => judge(world, changed)),
        `octet ${at}`,
      ).not.toBe('ok')
    }
  })
})

function startOf(pdf: Uint8Array, word: string): number {
  return latin1(pdf).lastIndexOf(`\n${word}\n`) + 1
}

function rangeOf(make: (range: readonly [number, number, number, number]) => string): Attack {
  return (pdf) => {
    const text = latin1(pdf)
    const [whole = '', a, b, c, d] = /\/ByteRange \[(\d+) (\d+) (\d+) (\d+)\] */.exec(text) ?? []
    const range = `/ByteRange [${make([Number(a), Number(b), Number(c), Number(d)])}]`
    return bytesOf(text.replace(whole, range.padEnd(whole.length)))
  }
}

function dictionaryOf(pdf: Uint8Array): string {
  return /\n7 0 obj\n(<<[\s\S]*?>>)\nendobj/.exec(latin1(pdf))?.[1] ?? ''
}

/**
 * `[0, a)` and the octets behind the hole stay what was signed, the latter moved away; in between stands what readers
 * read, with a table of its own just where the old `startxref` looks for one.
 */
function wrap(pdf: Uint8Array): Uint8Array {
  const text = latin1(pdf)
  const [whole = '', , b, c, d] = /\/ByteRange \[(\d+) (\d+) (\d+) (\d+)\] */.exec(text) ?? []
  const [from, to, length] = [Number(b), Number(c), Number(d)]
  const startxref = Number([...text.matchAll(/startxref\s+(\d+)/g)].at(-1)?.[1])
  const objects = `/Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached>>\nendobj\n4 0 obj\n${stream(EVIL)}\nendobj\n`
  const inserted = objects.padEnd(startxref - to)
  expect(inserted.length).toBe(startxref - to)
  const first = /startxref\s+(\d+)/.exec(text)?.[1] ?? ''
  const insertion = (moved: number): string => {
    const rows = [1, 3, 7, 8, 9].map((number) => {
      const at = text.lastIndexOf(`\n${number} 0 obj`) + 1
      return `${number} 1\n${String(at > to ? at + moved : at).padStart(10, '0')} 00000 n \n`
    })
    const evil = String(to + objects.indexOf('4 0 obj')).padStart(10, '0')
    const table = `xref\n4 1\n${evil} 00000 n \n${rows.join('')}`
    return `${inserted}${table}trailer\n<</Size 10 /Root 1 0 R /Prev ${first}>>\n%`
  }
  const before = insertion(insertion(0).length)
  const range = `/ByteRange [0 ${from} ${to + before.length} ${length}]`.padEnd(whole.length)
  return bytesOf(text.slice(0, to).replace(whole, range) + before + text.slice(to))
}

/** The newest section names the signature's objects itself and leaves out the revision that was signed. */
function passOver(pdf: Uint8Array): Uint8Array {
  const text = latin1(pdf)
  const offset = (number: number) => String(text.lastIndexOf(`\n${number} 0 obj`) + 1).padStart(10, '0')
  const rows = [1, 3, 7, 8, 9].map((number) => `${number} 1\n${offset(number)} 00000 n \n`).join('')
  const first = /startxref\s+(\d+)/.exec(text)?.[1] ?? ''
  return bytesOf(
    `${text}xref\n${rows}trailer\n<</Size 10 /Root 1 0 R /Prev ${first}>>\nstartxref\n${text.length}\n%%EOF\n`,
  )
}

/** The last octet of the signature value: the last that is no zero in the hole. */
function flipSignature(pdf: Uint8Array): Uint8Array {
  const text = latin1(pdf)
  const [, hex = ''] = /\/Contents <(30[0-9a-f]+)>/.exec(text) ?? []
  const value = hex.replace(/(00)+$/, '')
  const last = Number.parseInt(value.slice(-2), 16) ^ 1
  return bytesOf(text.replace(value, value.slice(0, -2) + last.toString(16).padStart(2, '0')))
}

describe('when the attacker wrote the file that was signed', () => {
  it.each<[string, string, Uint8Array, Attack]>([
    [
      'an overlay that the update takes away (shadow: hide)',
      'changed-object',
      plainPdf({ objects: [stream('1 1 1 rg 0 0 595 842 re f')] }),
      update({ 7: stream(' ') }),
    ],
    [
      'content that is defined only later (shadow: replace)',
      'unexpected-object',
      plainPdf({ page: ' /Annots [20 0 R]' }),
      update({ 1: '<</Type /Catalog /Pages 2 0 R /AcroForm 9 0 R /DSS <</Certs [20 0 R]>>>>', 20: stream(EVIL) }),
    ],
    [
      'content that stands hidden in what was signed (shadow: hide and replace)',
      'revision',
      plainPdf({ objects: [`<<>>\nendobj\n4 0 obj\n${stream(EVIL)}`] }),
      (pdf) => pointBack(pdf, 4, latin1(pdf).indexOf(`4 0 obj\n${stream(EVIL)}`)),
    ],
    [
      'a page content that is also a certificate of the store',
      'changed-object',
      plainPdf({ catalog: ' /DSS <</OCSPs [4 0 R]>>' }),
      update({ 4: stream(EVIL) }),
    ],
    [
      'a font that is also an extension',
      'changed-catalog',
      plainPdf({ catalog: ' /Extensions <</X 5 0 R>>' }),
      (pdf) =>
        appendPdf(pdf, {
          1: '<</Type /Catalog /Pages 2 0 R /AcroForm 9 0 R /Extensions <</X 5 0 R /Y <</BaseVersion /1.7>>>>>>',
          5: '<</Type /Font /BaseFont /Symbol>>',
        }),
    ],
    [
      'a page content that becomes the Info',
      'changed-object',
      plainPdf(),
      update({ 4: '<</Producer (x)>>' }, { trailer: ' /Info 4 0 R' }),
    ],
    [
      'metadata that are also an image',
      'changed-catalog',
      plainPdf({ catalog: ' /Metadata 7 0 R', objects: [`<</Type /Metadata /Subtype /Form ${stream('').slice(2)}`] }),
      (pdf) =>
        appendPdf(pdf, {
          1: '<</Type /Catalog /Pages 2 0 R /AcroForm 10 0 R /Metadata 20 0 R>>',
          20: '<</Type /Metadata /Subtype /XML /Length 0>>\nstream\n\nendstream',
        }),
    ],
    [
      'a field of text whose value changes',
      'changed-object',
      plainPdf({
        catalog: ' /AcroForm <</Fields [7 0 R]>>',
        objects: ['<</Type /Annot /Subtype /Widget /FT /Tx /T (t) /V (100) /Rect [0 0 9 9]>>'],
      }),
      update({ 7: '<</Type /Annot /Subtype /Widget /FT /Tx /T (t) /V (999) /Rect [0 0 9 9]>>' }),
    ],
  ])('refuses %s', async (_name, expected, pdf, attack) => {
    const before = await sign(world, pdf)
    expect(judge(world, before).level).toBe('B-B')
    expect(reason(() => judge(world, attack(before)))).toBe(expected)
  })

  it('refuses an empty field that is also a dictionary of fonts, once it is signed', async () => {
    const pdf = plainPdf({
      catalog: ' /AcroForm <</Fields [7 0 R]>>',
      objects: ['<</FT /Sig /T (Fonts) /Rect [0 0 0 0] /F 5 0 R>>'],
    })
    const first = await sign(world, pdf, { fieldName: 'Mine' })
    expect(reason(() => judge(world, first))).toBe('ok')
    const second = await sign(world, first, { fieldName: 'Fonts' })
    expect(reason(() => judge(world, second))).toBe('changed-form')
  })

  it('refuses an empty field as large as the page that shows something once it is signed', async () => {
    const field = (box: string) =>
      plainPdf({
        catalog: ' /AcroForm <</Fields [7 0 R] /SigFlags 1>>',
        page: ' /Annots [7 0 R]',
        objects: [`<</Type /Annot /Subtype /Widget /FT /Sig /T (Later) /Rect [${box}] /F 4 /P 3 0 R>>`],
      })
    const twice = async (box: string) => {
      const first = await sign(world, field(box), { fieldName: 'First' })
      return sign(world, first, { fieldName: 'Later', appearance: { lines: ['Second'] } })
    }
    expect(reason(() => judge(world, signed))).toBe('ok')
    const large = await twice('0 0 595 842')
    const small = await twice('10 10 200 60')
    expect(reason(() => judge(world, large))).toBe('visible-addition')
    expect(judge(world, small).signatures).toMatchObject([
      { fieldName: 'First', addedAfter: ['signature'], isVisible: false },
      { fieldName: 'Later', addedAfter: [], isVisible: true },
    ])
  })
})

describe('when the signed file has object streams', () => {
  const hidden = `<</Type /ObjStm /N 1 /First 4 /Length 8>>\nstream\n4 0 <<>>\nendstream`

  it.each<
    [
      string,
      string,
      (text: string) => readonly [Readonly<Record<number, string>>, (readonly [number, number, number])[]?],
    ]
  >([
    ['nothing new', 'ok', () => [{ 40: 'null' }]],
    ['an object of it put aside for another', 'changed-page', (text) => [{ [pageOf(text)]: '<<>>' }]],
    ['an object stream in place of an older one', 'object', (text) => [{ [containerOf(text)]: hidden }]],
    [
      'an object stream with something nobody reaches',
      'ok',
      () => [{ 40: hidden.replace('4 0 <<', '41 0 <').replace('/First 4', '/First 5') }, [[41, 40, 0]]],
    ],
    ['an object taken from an old object stream', 'revision', (text) => [{}, [[41, containerOf(text), 0]]]],
    [
      'an object of a new stream in place of a page',
      'changed-page',
      (text) => [{ 40: packed(pageOf(text), '<<>>') }, [[pageOf(text), 40, 0]]],
    ],
    ['another number in the object stream', 'object', (text) => [{ 40: packed(99, '<<>>') }, [[pageOf(text), 40, 0]]]],
  ])('judges %s: %s', async (_name, expected, make) => {
    const before = await sign(world, await packedPdf())
    const changed = appendPackedPdf(before, ...make(latin1(before)))
    expect(reason(() => judge(world, changed))).toBe(expected)
  })

  const packed = (number: number, value: string) =>
    `<</Type /ObjStm /N 1 /First ${`${number} 0 `.length} /Length ${`${number} 0 ${value}`.length}>>\nstream\n${number} 0 ${value}\nendstream`
  const containerOf = (text: string) => Number(/(\d+) 0 obj\s*<<[^>]*\/ObjStm/.exec(text)?.[1])
  /** The node above the pages. */
  const pageOf = (text: string) => Number(/\/Parent (\d+) 0 R/.exec(text)?.[1])
})

function pointBack(pdf: Uint8Array, number: number, offset: number | null): Uint8Array {
  const text = latin1(pdf)
  const before = [...text.matchAll(/startxref\s+(\d+)/g)].at(-1)?.[1] ?? ''
  const row = offset === null ? '0000000000 00001 f \n' : `${String(offset).padStart(10, '0')} 00000 n \n`
  return bytesOf(
    `${text}xref\n${number} 1\n${row}trailer\n<</Size 20 /Root 1 0 R /Prev ${before}>>\nstartxref\n${text.length}\n%%EOF\n`,
  )
}

describe('when those who signed before forbid it', () => {
  it.each([
    [1, 'not-permitted'],
    [2, 'ok'],
    [3, 'ok'],
  ] as const)('a certification of %i: another signature is %s', async (certify, expected) => {
    const certified = await sign(world, plainPdf(), { certify })
    expect(judge(world, certified).signatures).toMatchObject([{ certifies: certify }])
    const lasting = addPdfValidationData({ pdf: certified, ...dataOf(world) })
    const archived = await addDocTimeStamp({ pdf: lasting, timeStamp: stampAt(world, after(world.at, 3)) })
    expect(judge(world, archived).level).toBe('B-LTA')
    if (expected === 'ok') {
      expect(judge(world, await sign(world, certified)).signatures).toHaveLength(2)
      await expect(sign(world, certified, { certify })).rejects.toMatchObject({ reason: 'not-permitted' })
      return
    }
    await expect(sign(world, certified)).rejects.toMatchObject({ reason: 'not-permitted' })
    // Somebody else's program may do it all the same.
    const level2 = await sign(world, plainPdf(), { certify: 2 })
    const forced = await sign(world, level2)
    expect(reason(() => judge(world, bytesOf(latin1(forced).replace('/P 2', '/P 1'))))).toBe('not-permitted')
  })

  it('refuses a certification that another signature claims', async () => {
    const certified = await sign(world, plainPdf(), { certify: 2 })
    const swapped = appendPdf(certified, {
      1: '<</Type /Catalog /Pages 2 0 R /AcroForm 9 0 R /Perms <</DocMDP 10 0 R>>>>',
      10: '<</Type /Sig>>',
    })
    expect(reason(() => judge(world, swapped))).toBe('changed-catalog')
  })

  it('refuses a signature in a field that is locked', async () => {
    const lock = (action: string) =>
      `/Reference [<</TransformMethod /FieldMDP /TransformParams <</Action /${action} /Fields [(Second)]>>>>]`
    for (const [action, expected] of [
      ['Include', 'field-locked'],
      ['All', 'field-locked'],
      ['Exclude', 'digest-mismatch'],
    ] as const) {
      // The lock takes the place of the reason, so that nothing moves; that the digest fails is seen only after it.
      const first = await sign(world, plainPdf(), { reason: 'x'.repeat(lock(action).length - 10) })
      const second = await sign(world, first, { fieldName: 'Second' })
      const locked = bytesOf(latin1(second).replace(/\/Reason \(x+\)/, lock(action)))
      expect(locked.length).toBe(second.length)
      expect(
        reason(() => judge(world, locked)),
        action,
      ).toBe(expected)
    }
  })
})

describe('when a file was only written on', () => {
  it.each<[string, Attack]>([
    ['an object written again as it was', update({ 5: '<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>' })],
    ['an object that nothing leads to', update({ 10: '(nothing)' })],
    ['a newer version', update({ 1: `<<${CATALOG} /Version /2.0>>` })],
    ['extensions', update({ 1: `<<${CATALOG} /Extensions <</ESIC <</BaseVersion /1.7 /ExtensionLevel 1>>>>>>` })],
    ['when it was written', update({ 10: '<</ModDate (D:2026) /Producer (x)>>' }, { trailer: ' /Info 10 0 R' })],
    [
      'metadata',
      update({
        1: `<<${CATALOG} /Metadata 10 0 R>>`,
        10: '<</Type /Metadata /Subtype /XML /Length 1>>\nstream\nx\nendstream',
      }),
    ],
    [
      'a store',
      update({
        1: `<<${CATALOG} /DSS 10 0 R>>`,
        10: '<</Certs [11 0 R]>>',
        11: `<</Length ${world.leaf.der.length}>>\nstream\n${latin1(world.leaf.der)}\nendstream`,
      }),
    ],
    ['one more line end', (pdf) => bytesOf(`${latin1(pdf)}\n`)],
  ])('accepts %s', (_name, change) => {
    expect(reason(() => judge(world, change(signed)))).toBe('ok')
  })

  it('does not take a file with a time-stamp alone for signed', async () => {
    const stamped = await addDocTimeStamp({ pdf: plainPdf(), timeStamp: stampAt(world, after(world.at, 3)) })
    expect(reason(() => judge(world, stamped))).toBe('no-signature')
    expect(reason(() => judge(world, plainPdf()))).toBe('no-signature')
  })
})
