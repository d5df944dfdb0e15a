import { expect, it } from 'vitest'
import { onReachable, tellReachable } from '../../../../renderer/ui/reachable.ts'

it('tells all who wait each time, and nobody who stopped, even while telling', () => {
  const told: string[] = []
  const stopFirst = onReachable(() => told.push('first'))
  const stopSecond = onReachable(() => {
    told.push('second')
    stopSecond()
  })
  tellReachable()
  tellReachable()
  stopFirst()
  tellReachable()
  expect(told).toEqual(['first', 'second', 'first'])
})
