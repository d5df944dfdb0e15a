import { deflateSync } from 'node:zlib'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addDocTimeStamp,
  addPdfValidationData,
  PadesError,
  readPdfAttachment,
  readPdfSignatures,
  readPdfValidationData,
} from '../../../../shared/pades/index.ts'
import { inflate } from '../../../../shared/pades/inflate.ts'
import { PdfReader } from '../../../../shared/pades/pdf-read.ts'
import { writeValue } from '../../../../shared/pades/pdf-write.ts'
import { isSameValue, type PdfValue } from '../../../../shared/pades/pdf-value.ts'
import { FUZZ_TIMEOUT_MS, fuzzRuns } from '../pki/fuzz.ts'
import { after, bytesOf, dataOf, judge, latin1, makeWorld, packedPdf, plainPdf, reason, sign, stampAt } from './kit.ts'

const world = await makeWorld()
const stamped = { timeStamp: stampAt(world, after(world.at, 1)), reserve: 4000 }
const attached = plainPdf({
  catalog: ' /Names <</EmbeddedFiles <</Names [(a.txt) 7 0 R]>>>>',
  objects: ['<</Type /Filespec /F (a.txt) /EF <</F 8 0 R>>>>', '<</Length 5>>\nstream\nhello\nendstream'],
})
const timed = await sign(world, attached, stamped)
const packed = await sign(world, await packedPdf(), stamped)
const lasting = addPdfValidationData({ pdf: packed, ...dataOf(world) })
const archived = await addDocTimeStamp({ pdf: lasting, timeStamp: stampAt(world, after(world.at, 3)), reserve: 4000 })
const seeds = [timed, await sign(world, timed, { reserve: 3000 }), packed, archived]

const TOKEN =
  /\/[A-Za-z0-9.]+|-?\d+|<<|>>|\[|\]|\bR\b|endobj|obj|endstream|stream|xref|trailer|startxref|%%EOF|true|null/g
const EXTREMES = [
  '0',
  '-1',
  '1',
  '9999999999',
  '8388607',
  '2147483648',
  '1e9',
  '[',
  ']',
  '<<',
  '>>',
  '1 0 R',
  '3 0 R',
  'null',
  '(',
  '<',
  '%',
  '',
]

/** Octets changed, cut, put in; tokens of the structure taken out, doubled, put in each other's place. */
const mutant: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    fc.nat(seeds.length - 1),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(3), fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 }),
  )
  .map(([index, octets, edits]) => {
    let text = latin1(seeds[index] as Uint8Array)
    for (const [kind, at, other] of edits) {
      const tokens = [...text.matchAll(TOKEN)]
      const target = tokens[at % tokens.length]
      if (!target) continue
      const donor = tokens[other % tokens.length]?.[0] ?? ''
      const put = [donor, EXTREMES[other % EXTREMES.length] ?? '', `${target[0]} ${target[0]}`, ''][kind] ?? ''
      // As often as not of the same length, so that offsets still hold.
      const same = other % 2 === 0 ? put.slice(0, target[0].length).padEnd(target[0].length) : put
      text = text.slice(0, target.index) + same + text.slice(target.index + target[0].length)
    }
    const bytes = bytesOf(text)
    for (const [at, value] of octets) bytes[at % bytes.length] = value
    return bytes
  })

describe('when a signed file is broken at random', () => {
  it('is refused by errors of ours, at once, and in little memory', { timeout: FUZZ_TIMEOUT_MS }, () => {
    const before = process.memoryUsage().rss
    const found = new Map<string, number>()
    fc.assert(
      fc.property(mutant, (pdf) => {
        const from = performance.now()
        const verdict = reason(() => judge(world, pdf))
        found.set(verdict, (found.get(verdict) ?? 0) + 1)
        for (const act of [
          () => readPdfSignatures(pdf),
          () => readPdfValidationData(pdf),
          () => readPdfAttachment(pdf, 'a.txt'),
          () => addPdfValidationData({ pdf, certificates: [world.leaf.der], crls: [], ocsp: [] }),
        ]) {
          reason(act)
        }
        expect(performance.now() - from).toBeLessThan(20_000)
      }),
      { numRuns: fuzzRuns() },
    )
    // Different walls were run into, not always the first.
    expect(found.size).toBeGreaterThan(8)
    expect(process.memoryUsage().rss - before).toBeLessThan(600 * 1024 * 1024)
  })

  it('takes anything for octets', { timeout: FUZZ_TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        reason(() => judge(world, bytes))
        reason(() => judge(world, bytesOf(`%PDF-1.7\n${latin1(bytes)}\nstartxref\n9\n%%EOF\n`)))
        reason(() => new PdfReader(bytes).object())
      }),
      { numRuns: fuzzRuns() },
    )
  })
})

const value: fc.Arbitrary<PdfValue> = fc.letrec<{ value: PdfValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant({ kind: 'null' } as const),
    fc.boolean().map((one) => ({ kind: 'boolean', value: one }) as const),
    fc.integer().map((one) => ({ kind: 'number', value: one, text: String(one) }) as const),
    fc
      .string({ unit: 'binary-ascii', maxLength: 9 })
      .filter((one) => !one.includes('\0'))
      .map((name) => ({ kind: 'name', name }) as const),
    fc
      .tuple(fc.uint8Array({ maxLength: 9 }), fc.boolean())
      .map(([bytes, hex]) => ({ kind: 'string', bytes, hex, start: -1, end: -1 }) as const),
    fc
      .tuple(fc.nat(8_388_607), fc.nat(65_535))
      .map(([number, generation]) => ({ kind: 'ref', number, generation }) as const),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => ({ kind: 'array', items }) as const),
    fc
      .dictionary(
        fc.string({ unit: 'binary-ascii', maxLength: 5 }).filter((one) => !one.includes('\0')),
        tie('value'),
        { maxKeys: 4 },
      )
      .map((entries) => ({ kind: 'dict', entries: new Map(Object.entries(entries)) }) as const),
  ),
})).value

describe('when any object is written', () => {
  it('is read back as it was', { timeout: FUZZ_TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(value, (one) => {
        const reader = new PdfReader(bytesOf(writeValue(one)))
        const again = reader.value()
        expect(isSameValue(one, again)).toBe(true)
        expect(reader.at).toBe(reader.limit)
      }),
      { numRuns: fuzzRuns() },
    )
  })
})

describe('when octets are inflated', () => {
  it('gives what zlib compressed, at every level', { timeout: FUZZ_TIMEOUT_MS }, () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc
        .array(fc.constantFrom('one ', 'two ', 'three ', '\n'), { maxLength: 2000 })
        .map((words) => bytesOf(words.join(''))),
    )
    fc.assert(
      fc.property(content, fc.integer({ min: 0, max: 9 }), (bytes, level) => {
        expect(Buffer.compare(inflate(deflateSync(bytes, { level }), 100_000), bytes)).toBe(0)
      }),
      { numRuns: Math.min(fuzzRuns(), 10_000) },
    )
  })

  it('throws nothing but its own errors, and never gives more than was allowed', { timeout: FUZZ_TIMEOUT_MS }, () => {
    const seed = deflateSync(bytesOf('the entries of the chain '.repeat(50)))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }), (edits) => {
        const broken = Uint8Array.from(seed)
        for (const [at, octet] of edits) broken[2 + (at % (broken.length - 2))] = octet
        try {
          expect(inflate(broken, 4096).length).toBeLessThanOrEqual(4096)
        } catch (error) {
          expect(error).toBeInstanceOf(PadesError)
        }
      }),
      { numRuns: fuzzRuns() },
    )
  })

  it('stops a few octets that ask for a gigabyte', () => {
    const bomb = deflateSync(new Uint8Array(64 * 1024 * 1024), { level: 9 })
    expect(reason(() => inflate(bomb, 1024 * 1024))).toBe('too-large')
  })
})
