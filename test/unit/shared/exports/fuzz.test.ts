import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../shared/contract/errors.ts'
import { LineSplitter, readEvidenceLine } from '../../../../shared/exports/evidence-read.ts'
import {
  parseChainFile,
  parseManifest,
  readZip,
  verifyBareSignature,
  zipLayout,
} from '../../../../shared/exports/index.ts'
import { derOf } from '../../../../shared/exports/ber.ts'
import { PkiError } from '../../../../shared/pki/index.ts'
import { FUZZ_TIMEOUT_MS, fuzzRuns } from '../pki/fuzz.ts'
import { MemoryChain } from '../audit/memory-chain.ts'
import { makePackage, openSigning, optionsOf, readerOf, verifyZip, zipOf } from './kit.ts'

const signing = await openSigning()
const chain = new MemoryChain()
chain.openEpoch()
chain.append()
const members = await makePackage(chain, signing, { completeness: 'inclusion' })
const zip = zipOf(members)
const part = (name: string): Uint8Array => members.get(name) ?? new Uint8Array(0)

/** Pieces taken out, put in, doubled or overwritten, anywhere. */
const mutated = (bytes: Uint8Array) =>
  fc
    .array(fc.tuple(fc.nat(bytes.length), fc.nat(12), fc.uint8Array({ maxLength: 12 })), { minLength: 1, maxLength: 4 })
    .map((edits) => {
      let made = new Uint8Array(bytes)
      for (const [at, gone, put] of edits)
        made = new Uint8Array(Buffer.concat([made.subarray(0, at), put, made.subarray(at + gone)]))
      return made
    })

/** What a reader may say of bytes that are not its own. */
const isRefusal = (error: unknown): boolean =>
  error instanceof PkiError || (error instanceof AppError && error.code === 'REQUEST_INVALID')

const onlyRefuses = (act: () => unknown): void => {
  try {
    act()
  } catch (error) {
    expect(error).toSatisfy(isRefusal)
  }
}

describe('when bytes are broken at random', () => {
  it.each([
    ['a manifest', part('manifest.json'), parseManifest],
    ['a chain file', part('chains/0.json'), parseChainFile],
    ['a line of evidence', part('evidence/0.jsonl').slice(0, -1), (bytes: Uint8Array) => readEvidenceLine(bytes, true)],
    ['lines', part('evidence/0.jsonl'), (bytes: Uint8Array) => [...new LineSplitter().push(bytes)]],
    ['BER', part('manifest.json.p7s'), derOf],
  ] as const)('%s is read or refused, nothing else', { timeout: FUZZ_TIMEOUT_MS }, (_, bytes, read) => {
    fc.assert(
      fc.property(fc.oneof(mutated(bytes), fc.uint8Array({ maxLength: 200 })), (broken) =>
        onlyRefuses(() => read(broken)),
      ),
      { numRuns: fuzzRuns() },
    )
  })

  it('a ZIP is refused wherever its layout is not as written', { timeout: FUZZ_TIMEOUT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(mutated(zip), async (broken) => {
        try {
          const { members: found, dosTime } = await readZip(readerOf(broken))
          expect(found.at(-1)?.offset).toBeLessThan(broken.length)
          expect(dosTime).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toSatisfy(isRefusal)
        }
      }),
      { numRuns: fuzzRuns() },
    )
  })

  it('a signature gets a verdict', { timeout: FUZZ_TIMEOUT_MS }, async () => {
    const signature = part('manifest.json.p7s')
    const content = readerOf(part('manifest.json'))
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated(signature), fc.uint8Array({ maxLength: 64 })), async (broken) => {
        const report = await verifyBareSignature({ signature: broken, content, name: null }, optionsOf(signing))
        expect(report.checks.length).toBeGreaterThan(0)
      }),
      { numRuns: fuzzRuns() },
    )
  })

  it('a package whose members are broken gets a verdict that is not a pass', { timeout: FUZZ_TIMEOUT_MS }, async () => {
    const names = [...members.keys()].filter((name) => name !== 'manifest.json.p7s')
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names).chain((name) => mutated(part(name)).map((bytes) => [name, bytes] as const)),
        async ([name, bytes]) => {
          const isSame = Buffer.from(bytes).equals(Buffer.from(part(name)))
          const report = await verifyZip(
            zipOf(new Map(members).set(name, bytes)),
            optionsOf(signing, { revocation: 'none' }),
          )
          expect(report.indication === 'TOTAL-PASSED').toBe(isSame)
        },
      ),
      { numRuns: Math.ceil(fuzzRuns() / 20) },
    )
  })
})

describe('when a ZIP is laid out', () => {
  const member = fc.record({
    bytes: fc.oneof(fc.nat(2000), fc.integer({ min: 0xfffffff0, max: 0x1_0000_0010 })),
    crc32: fc.nat(0xffffffff),
  })

  it('gives any range as a part of the whole, and is read back', { timeout: FUZZ_TIMEOUT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(member, { minLength: 1, maxLength: 6 }), fc.nat(), fc.nat(), async (list, one, two) => {
        const named = list.map((each, number) => ({ ...each, name: `evidence/${number}.jsonl` }))
        const layout = zipLayout(named, Date.UTC(2026, 10, 22))
        const [from, to] = [one % layout.size, two % layout.size].sort((left, right) => left - right) as [
          number,
          number,
        ]
        const length = layout
          .pieces(from, to)
          .reduce((sum, piece) => sum + (piece.kind === 'bytes' ? piece.bytes.length : piece.length), 0)
        expect(length).toBe(to - from)
        // Members as large as these are not in memory: whatever they hold, the reader asks for headers alone.
        const read = async (offset: number, size: number): Promise<Uint8Array> => {
          await Promise.resolve()
          const bytes = new Uint8Array(size)
          let at = 0
          for (const piece of layout.pieces(offset, offset + size)) {
            if (piece.kind === 'bytes') bytes.set(piece.bytes, at)
            at += piece.kind === 'bytes' ? piece.bytes.length : piece.length
          }
          return bytes
        }
        const back = await readZip({ size: layout.size, read })
        expect(back.members.map(({ name, bytes, crc32 }) => ({ name, bytes, crc32 }))).toEqual(
          named.map(({ name, bytes, crc32 }) => ({ name, bytes, crc32 })),
        )
      }),
      { numRuns: Math.ceil(fuzzRuns() / 4) },
    )
  })
})
