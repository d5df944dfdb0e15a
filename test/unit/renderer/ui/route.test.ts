import { describe, expect, it } from 'vitest'
import { formatRoute, parseRoute } from '../../../../renderer/ui/route.ts'

describe('when a hash is read', () => {
  it.each([
    ['', [], {}],
    ['#', [], {}],
    ['#/', [], {}],
    ['#/today', ['today'], {}],
    ['#/enrol/enr_1/identity', ['enrol', 'enr_1', 'identity'], {}],
    ['#/unlock?reader=Virtual%20PCD%2000', ['unlock'], { reader: 'Virtual PCD 00' }],
    ['#//people//', ['people'], {}],
    ['#/people/%E0%A4%A', [], {}],
  ])('%s', (hash, path, query) => {
    expect(parseRoute(hash)).toEqual({ path, query })
  })
})

it('reads back what it wrote', () => {
  const path = ['people', 'a/b?c#d', 'é']
  const query = { reader: 'Reader & 1 = x' }
  expect(parseRoute(formatRoute(path, query))).toEqual({ path, query })
})
