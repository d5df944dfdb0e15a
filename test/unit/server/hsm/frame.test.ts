import { array, assert, integer, nat, property, record, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader, FrameWriter, MAX_BODY, type Frame } from '../../../../server/hsm/process/frame.ts'
import { packPair, packSign, unpackPair, unpackSign } from '../../../../server/hsm/process/protocol.ts'

const frames = array(
  record({
    call: nat(0xff_ff_ff_ff),
    kind: nat(255),
    body: uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  }),
  { maxLength: 20 },
)
/** What a writer writes of these. */
const written = (of: readonly Frame[], wipes = false): Buffer => {
  const parts: Buffer[] = []
  const flushes: (() => void)[] = []
  const sink = { write: (bytes: Buffer, done: () => void) => (parts.push(Buffer.from(bytes)), done()) }
  const writer = new FrameWriter(sink, (flush) => flushes.push(flush), wipes)
  for (const frame of of) writer.put(frame)
  for (const flush of flushes) flush()
  return Buffer.concat(parts)
}

describe('when frames travel through a pipe', () => {
  it('come out as they went in, however the bytes are cut', () => {
    assert(
      property(frames, array(integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 }), (sent, cuts) => {
        const bytes = written(sent)
        const reader = new FrameReader()
        const got: Frame[] = []
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1
          got.push(...reader.take(Buffer.from(bytes.subarray(at, at + size))))
          at += size
        }
        expect(got).toEqual(sent)
      }),
      { numRuns: 200 },
    )
  })

  it('leave nothing of themselves where they were', () => {
    const body = Buffer.from('a data key of the vault')
    const chunk = written([{ call: 1, kind: 2, body }], true)
    expect(body.every((octet) => octet === 0)).toBe(true)
    const [frame] = new FrameReader().take(chunk)
    expect(frame?.body.toString()).toBe('a data key of the vault')
    expect(chunk.every((octet) => octet === 0)).toBe(true)
  })

  it('end where one is longer than any can be', () => {
    const head = Buffer.alloc(9)
    head.writeUInt32LE(MAX_BODY + 1, 0)
    expect(() => new FrameReader().take(head)).toThrow('HSM_UNAVAILABLE')
  })

  it('never make a reader do anything but refuse, whatever the bytes', () => {
    assert(
      property(array(uint8Array({ maxLength: 64 }), { maxLength: 10 }), (chunks) => {
        const reader = new FrameReader()
        try {
          for (const chunk of chunks) reader.take(Buffer.from(chunk))
        } catch (error) {
          expect(error).toMatchObject({ code: 'HSM_UNAVAILABLE' })
        }
      }),
    )
  })
})

describe('when calls are packed', () => {
  it.each([
    ['', ''],
    ['label', 'input'],
    ['x'.repeat(255), 'y'.repeat(1000)],
  ])('gives both parts again', (first, second) => {
    const { first: one, second: two } = unpackPair(packPair(Buffer.from(first), Buffer.from(second)))
    expect([one.toString(), two.toString()]).toEqual([first, second])
  })
  it('gives name, way and input of a signature again', () => {
    const { name, way, input } = unpackSign(packSign('id:00ff', 'pss-sha384', Buffer.from('digest')))
    expect([name, way, input.toString()]).toEqual(['id:00ff', 'pss-sha384', 'digest'])
  })
})
