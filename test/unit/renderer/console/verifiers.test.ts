import { describe, expect, it } from 'vitest'
import { readSums } from '../../../../renderer/console/stores/verifiers.ts'

const digest = 'ab'.repeat(32)

describe('when the console reads what verifiers the server has', () => {
  it.each([
    ['both', `${digest}  countersign-verify.mjs\n${digest}  countersign-verify.html\n`, ['mjs', 'html']],
    ['one', `${digest}  countersign-verify.mjs\n`, ['mjs']],
    ['none', '', []],
    ['a page instead', '<!doctype html>', []],
    ['a path', `${digest}  ../countersign-verify.mjs\n`, []],
    ['another file', `${digest}  setup.exe\n`, []],
    ['a digest cut short', `${digest.slice(1)}  countersign-verify.mjs\n`, []],
  ])('takes %s', (_, text, kinds) =>
    expect(readSums(text)).toEqual(kinds.map((kind) => ({ name: `countersign-verify.${kind}`, digest }))),
  )
})
