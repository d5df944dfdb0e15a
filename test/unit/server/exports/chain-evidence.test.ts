import { describe, expect, it } from 'vitest'
import { assertSealed, isSignedBy } from '../../../../server/exports/chain-evidence.ts'
import { encodeSignatureLine } from '../../../../shared/audit/checkpoint.ts'

const keyId = Uint8Array.of(0xab, 1, 2, 3)
const line = (name: string) => encodeSignatureLine({ name, keyId, signature: new Uint8Array(72).fill(1) })
const note = `origin\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n${line('desk-1')}${line('other')}`

describe('when witnesses are named in a package', () => {
  it.each([
    ['one that signed', 'desk-1+ab010203+BAAA', true],
    ['another that signed', 'other+ab010203+BAAA', true],
    ['one of another key', 'desk-1+ab010204+BAAA', false],
    ['one that did not sign', 'desk-2+ab010203+BAAA', false],
    ['one whose name only begins alike', 'desk-10+ab010203+BAAA', false],
  ])('takes: %s', (_, vkey, expected) => {
    expect(isSignedBy(note, vkey)).toBe(expected)
  })
})

describe('when all of some chains is to be proved', () => {
  const sealed = [{ chain: 'node-1', size: 3, root: new Uint8Array(32) }]
  it('goes on where each has a checkpoint', () => {
    expect(() => assertSealed(['node-1'], sealed)).not.toThrow()
  })
  it('refuses where one has none, instead of leaving it out', () => {
    const refused = expect.objectContaining({ code: 'EXPORT_CHAIN_UNSEALED', detail: { chain: 'node-2' } })
    expect(() => assertSealed(['node-1', 'node-2'], sealed)).toThrow(refused)
  })
})
