import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalBytes, canonicalize, parseCanonical } from '../../../../shared/audit/jcs.ts'
import type { Json } from '../../../../shared/audit/json.ts'

/** RFC 8785 appendix B: IEEE 754 bits and the text they must give. */
const NUMBERS: readonly (readonly [string, string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
]

const double = (hex: string): number => Buffer.from(hex, 'hex').readDoubleBE()
const reasonOf = (body: () => unknown): unknown => {
  try {
    body()
  } catch (error) {
    return (error as { detail?: { reason?: unknown } }).detail?.reason
  }
  return 'accepted'
}

describe('canonical JSON (RFC 8785)', () => {
  it.each(NUMBERS)('writes the double %s as %s', (bits, text) => {
    expect(canonicalize(double(bits))).toBe(text)
  })

  it('gives the bytes of section 3.2.4', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    }
    const text =
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    expect(canonicalize(value)).toBe(text)
  })

  it('sorts names by UTF-16 code units, section 3.2.3', () => {
    const value = { '\u20ac': 'Euro', '\r': 'CR', '\ufb33': 'Dalet', '1': 'One', '\u{1f600}': 'Smile' }
    const more = { ...value, '\u0080': 'Control', '\u00f6': 'O', '10': 'Ten', '2': 'Two' }
    // A reader puts names that are numbers first, in the order of numbers: only the text tells in which they were written.
    expect(canonicalize(more)).toBe(
      '{"\\r":"CR","1":"One","10":"Ten","2":"Two","\u0080":"Control","\u00f6":"O","\u20ac":"Euro",' +
        '"\u{1f600}":"Smile","\ufb33":"Dalet"}',
    )
  })

  const cycle: unknown[] = []
  cycle.push(cycle)
  let deep: unknown = 0
  for (let level = 0; level < 70; level += 1) deep = [deep]

  it.each([
    ['NaN', Number.NaN, 'json-number'],
    ['infinity', [Number.POSITIVE_INFINITY], 'json-number'],
    ['a lone surrogate', ['\ud800'], 'json-surrogate'],
    ['a lone surrogate as a name', { '\udc00': 1 }, 'json-surrogate'],
    ['undefined', { a: undefined }, 'json-type'],
    // oxlint-disable-next-line no-sparse-arrays -- the hole is what is tested
    ['a hole', [1, , 2], 'json-type'],
    ['a bigint', [1n], 'json-type'],
    ['a date', { at: new Date(0) }, 'json-type'],
    ['bytes', new Uint8Array(2), 'json-type'],
    ['a cycle', cycle, 'json-cycle'],
    ['too deep', deep, 'json-depth'],
  ])('refuses %s', (_, value, reason) => {
    expect(reasonOf(() => canonicalize(value as Json))).toBe(reason)
  })

  it.each([
    ['blanks', '{"a": 1}'],
    ['other order', '{"b":1,"a":2}'],
    ['a name twice', '{"a":1,"a":1}'],
    ['another number form', '[1.0]'],
    ['another escape', '["\\u0041"]'],
    ['a byte order mark', '\ufeff[]'],
    ['something after', '[] '],
    ['nothing', ''],
  ])('reads no text with %s', (_, text) => {
    expect(reasonOf(() => parseCanonical(new TextEncoder().encode(text)))).toBe('json-not-canonical')
  })

  it('reads no bytes that are not UTF-8', () => {
    expect(reasonOf(() => parseCanonical(Uint8Array.from([0x22, 0xc3, 0x28, 0x22])))).toBe('json-not-canonical')
  })

  it('gives back what was written, for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const bytes = canonicalBytes(value as Json)
        expect(canonicalBytes(parseCanonical(bytes))).toEqual(bytes)
        expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
