import { describe, expect, it } from 'vitest'
import { roomOf, RowPiece, rowsIn, type PieceRow } from '../../../../server/exports/row-piece.ts'

const bytes = (length: number, from = 0): Uint8Array => Uint8Array.from({ length }, (_all, at) => (at + from) % 256)
const usual: PieceRow = {
  kind: 'disclosed',
  sequence: 7,
  digest: bytes(32, 1),
  signature: bytes(71, 2),
  body: bytes(300, 3),
  salt: bytes(16, 4),
  payload: bytes(513, 5),
  erased: null,
  path: null,
}
const plain = ({ digest, signature, body, salt, payload, path, ...rest }: PieceRow) => ({
  ...rest,
  parts: [digest, signature, body, salt, payload, ...(path ?? [])].map((part) => part && Buffer.from(part)),
  hasPath: path !== null,
})

describe('when rows pass between threads', () => {
  const rows: readonly [string, PieceRow][] = [
    ['with its payload', usual],
    ['of a high sequence', { ...usual, sequence: 2 ** 40 + 1 }],
    [
      'whose payload was erased',
      { ...usual, payload: null, salt: bytes(0), erased: { at: 5, by: 'è-🂡', rule: 'years-10' } },
    ],
    ['with a payload of nothing', { ...usual, payload: bytes(0) }],
    ['with a path', { ...usual, path: [bytes(32, 6), bytes(32, 7)] }],
    ['alone in its tree', { ...usual, path: [] }],
    ['of which the header is shown', { ...usual, kind: 'header' }],
    ['that is hidden', { ...usual, kind: 'hidden', body: bytes(1) }],
  ]

  it.each(rows)('gives a row %s as it was put', (_what, row) => {
    const piece = new RowPiece(roomOf(row))
    expect(piece.put(row)).toBe(true)
    expect(piece.used).toBe(piece.bytes.length)
    expect([...rowsIn(piece.bytes)].map(plain)).toEqual([plain(row)])
  })

  it('takes as many as there is room for, in order, and again once it was cleared', () => {
    const all = rows.map(([, row]) => row)
    const piece = new RowPiece(all.reduce((sum, row) => sum + roomOf(row), 0))
    for (let turn = 0; turn < 2; turn += 1) {
      for (const row of all) expect(piece.put(row)).toBe(true)
      expect(piece.put(usual)).toBe(false)
      expect([...rowsIn(piece.bytes.subarray(0, piece.used))].map(plain)).toEqual(all.map(plain))
      piece.clear()
    }
  })
})
