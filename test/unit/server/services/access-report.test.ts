import { describe, expect, it } from 'vitest'
import { accessCsv, countAccess } from '../../../../server/services/access-report.ts'
import type { AccessReviewView, AccessRow } from '../../../../shared/contract/index.ts'

const row = (more: Partial<AccessRow>): AccessRow => ({
  chain: 'node',
  sequence: 1,
  time: Date.parse('2026-03-02T09:00:00Z'),
  event: 'sign-in',
  means: 'desk',
  operatorId: 'operator_aaaaaaaa',
  name: 'Dario Neri',
  role: 'SA',
  station: null,
  stationName: null,
  address: null,
  detail: null,
  outOfHours: false,
  correlationId: 'x',
  ...more,
})
const rows = async function* (...all: AccessRow[]) {
  for (const one of all) yield await Promise.resolve(one)
}

describe("when a year's access is counted", () => {
  it('counts by month, administrator and means, months in order', async () => {
    const { months, totals } = await countAccess(
      rows(
        row({ time: Date.parse('2026-04-30T22:30:00Z'), event: 'failed', outOfHours: true }),
        row({ means: 'shell', operatorId: null, name: 'root' }),
        row({ event: 'sign-out', outOfHours: true }),
        row({}),
        row({}),
      ),
      'Europe/Rome',
    )
    expect(months.map((one) => [one.month, one.name, one.means, one.signIns, one.signOuts, one.failures])).toEqual([
      ['2026-03', 'root', 'shell', 1, 0, 0],
      ['2026-03', 'Dario Neri', 'desk', 2, 1, 0],
      ['2026-05', 'Dario Neri', 'desk', 0, 0, 1],
    ])
    expect(totals).toEqual({ signIns: 3, signOuts: 1, failures: 1, outOfHours: 1 })
  })

  it('gives nothing for nothing', async () => {
    expect((await countAccess(rows(), 'UTC')).months).toEqual([])
  })
})

describe('when a review is written as CSV', () => {
  const line = { month: '2026-03', operatorId: null, means: 'shell' as const, outOfHours: 0 }
  const csv = (name: string) =>
    accessCsv({
      months: [{ ...line, name, signIns: 1, signOuts: 2, failures: 3 }],
    } as unknown as AccessReviewView).split('\r\n')[1]

  it.each([
    ['root', '2026-03,,root,shell,1,2,3,0'],
    ['Rossi, "Anna"', '2026-03,,"Rossi, ""Anna""",shell,1,2,3,0'],
    ['=cmd()', "2026-03,,'=cmd(),shell,1,2,3,0"],
    ['@x', "2026-03,,'@x,shell,1,2,3,0"],
  ])('writes %s so that nothing takes it for anything else', (name, expected) => {
    expect(csv(name)).toBe(expected)
  })
})
