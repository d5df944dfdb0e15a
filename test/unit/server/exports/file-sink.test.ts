import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { Budget, FileSink, writeFailure, type Written } from '../../../../server/exports/file-sink.ts'
import { Keeper } from '../../../../server/exports/keeper.ts'
import { AppError } from '../../../../shared/contract/errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-sink-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const all = (): Budget => new Budget(Number.MAX_SAFE_INTEGER)

interface Sink {
  text(text: string): void
  close(): Written | Promise<Written>
}
const byThread = (path: string, hashes: readonly string[]): Sink => {
  const keeper = new Keeper({ path, hashes, maxBytes: Number.MAX_SAFE_INTEGER })
  return { text: (text) => keeper.text(text), close: async () => (await keeper.close()).written }
}
const inBytes = (path: string, hashes: readonly string[]): Sink => {
  const sink = new FileSink(path, all(), hashes)
  return { text: (text) => sink.bytes(Buffer.from(text)), close: () => sink.close() }
}

describe.each<[string, (path: string, hashes: readonly string[]) => Sink]>([
  ['here', (path, hashes) => new FileSink(path, all(), hashes)],
  ['here as bytes', inBytes],
  ['by a thread', byThread],
])('when text is written %s', (where, open) => {
  it.each([
    ['nothing', []],
    ['a line', ['one\n']],
    ['many small pieces', Array.from({ length: 100_000 }, (_all, at) => `line ${at} è 🂡\n`)],
    ['one piece larger than the buffer', ['ø'.repeat(3_000_000)]],
    ['pieces around the end of the buffer', ['a'.repeat(349_000), 'é'.repeat(349_525), '🂡'.repeat(200_000), 'z']],
  ])('keeps and digests %s', async (name, pieces) => {
    const path = join(folder, `${where} ${name}`)
    const sink = open(path, ['sha384'])
    for (const piece of pieces) sink.text(piece)
    const written = await sink.close()
    const expected = Buffer.from(pieces.join(''), 'utf8')
    expect(readFileSync(path).equals(expected)).toBe(true)
    expect(written).toMatchObject({ bytes: expected.length, crc32: crc32(expected) })
    expect(written.sha256).toBe(createHash('sha256').update(expected).digest('hex'))
    for (const hash of ['sha256', 'sha384'])
      expect(Buffer.from(written.digests.get(hash) ?? [])).toEqual(createHash(hash).update(expected).digest())
  })

  it('never writes over a file that is there', async () => {
    const path = join(folder, `${where} taken`)
    await open(path, []).close()
    await expect((async () => open(path, []).close())()).rejects.toThrow(
      where === 'by a thread' ? 'INTERNAL' : /EEXIST/,
    )
    expect(readFileSync(path)).toHaveLength(0)
  })
})

describe('when there is no room', () => {
  it('stops at the limit all files have together', () => {
    const budget = new Budget(1_000_000)
    const one = new FileSink(join(folder, 'one'), budget)
    one.text('x'.repeat(600_000))
    one.close()
    const two = new FileSink(join(folder, 'two'), budget)
    const write = (): unknown => {
      two.text('x'.repeat(600_000))
      return two.close()
    }
    expect(write).toThrow(expect.objectContaining({ code: 'EXPORT_DISK_FULL' }))
  })

  it.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('tells %s as a full disk', (code) => {
    const failure = writeFailure(Object.assign(new Error(code), { code }))
    expect(failure).toBeInstanceOf(AppError)
    expect(failure).toMatchObject({ code: 'EXPORT_DISK_FULL', detail: { reason: 'disk' } })
  })

  it('leaves any other failure as it is', () => {
    const error = Object.assign(new Error('x'), { code: 'EIO' })
    expect(writeFailure(error)).toBe(error)
  })
})
