import { describe, expect, it } from 'vitest'
import { DESK_CALLS } from '../../../../shared/contract/desk.ts'
import { ExportState } from '../../../../shared/contract/routes/exports.ts'
import {
  chosenOf,
  EXPORT_TONES,
  isSigned,
  isUnderWay,
  percentOf,
} from '../../../../renderer/desk/stores/export-facts.ts'
import { makeExports } from '../../../fakes/screens/data.ts'

const exports = makeExports()
const running = exports.find(({ state }) => state === 'running')!
const [unsigned, signed] = exports.filter(({ state }) => state === 'ready')

describe('when an operator sees their exports at the desk', () => {
  it('has some of each kind to show, as the contract has them', () => {
    expect(DESK_CALLS['exports.list'].output.parse({ items: exports, next: null }).items).toEqual(exports)
    expect([isSigned(unsigned!), isSigned(signed!), isSigned(running)]).toEqual([false, true, false])
  })

  it.each([
    ['waiting', true],
    ['running', true],
    ['ready', false],
    ['failed', false],
    ['cancelled', false],
    ['gone', false],
  ] as const)('may a %s one be stopped, and is it asked for again: %s', (state, expected) =>
    expect(isUnderWay({ ...running, state })).toBe(expected),
  )

  it('has a tone for every state', () => expect(Object.keys(EXPORT_TONES)).toEqual(ExportState.options))

  it.each([
    [0, null, 0],
    [0, 0, 0],
    [1, 3, 33],
    [999, 1000, 99],
    [1000, 1000, 100],
    [1001, 1000, 100],
  ])('%i of %s entries are %i per cent', (written, total, percent) =>
    expect(percentOf({ ...running, written, total })).toBe(percent),
  )

  it.each([
    ['the one of the address', running.id, running.id],
    ['the newest that can be signed, without one', undefined, unsigned!.id],
    ['that also where the address names none', 'export_00000099', unsigned!.id],
  ])('shows %s', (_, id, expected) => expect(chosenOf(exports, id)?.id).toBe(expected))

  it('shows the newest where none is ready, and nothing where there is none', () => {
    expect(chosenOf([running], undefined)).toBe(running)
    expect(chosenOf([], undefined)).toBeUndefined()
  })
})
