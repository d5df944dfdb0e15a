import type { z } from 'zod'
import type { AccessMonth, AccessRow, AccessReviewView, AccessTotals } from '../../shared/contract/index.ts'
import { localTime } from './working-hours.ts'

type Month = z.infer<typeof AccessMonth>
type Totals = z.infer<typeof AccessTotals>

const COUNTED = { 'sign-in': 'signIns', 'sign-out': 'signOuts', failed: 'failures' } as const

/** Counts of a year's access, by month, administrator and means; in order of these. */
export const countAccess = async (
  rows: AsyncIterable<AccessRow>,
  zone: string,
): Promise<{ readonly months: Month[]; readonly totals: Totals }> => {
  const counted = new Map<string, Month>()
  const totals: Totals = { signIns: 0, signOuts: 0, failures: 0, outOfHours: 0 }
  for await (const row of rows) {
    const { month } = localTime(zone, row.time)
    const { operatorId, name, means } = row
    const key = JSON.stringify([month, operatorId === null ? '' : 'o', name ?? operatorId ?? '', operatorId, means])
    const line = counted.get(key) ?? {
      month,
      operatorId,
      name,
      means,
      signIns: 0,
      signOuts: 0,
      failures: 0,
      outOfHours: 0,
    }
    counted.set(key, line)
    for (const one of [line, totals]) {
      one[COUNTED[row.event]] += 1
      // A sign-out says when somebody left; what matters is when they came, or tried to.
      if (row.outOfHours && row.event !== 'sign-out') one.outOfHours += 1
    }
  }
  const ordered = [...counted].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { months: ordered.map(([, line]) => line), totals }
}

const HEAD = ['month', 'operatorId', 'name', 'means', 'signIns', 'signOuts', 'failures', 'outOfHours'] as const

/** RFC 4180; a cell that a spreadsheet would run as a formula begins with an apostrophe. */
const cell = (value: string | number | null): string => {
  if (typeof value === 'number') return String(value)
  const text = value ?? ''
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export const accessCsv = ({ months }: AccessReviewView): string =>
  [HEAD.join(','), ...months.map((line) => HEAD.map((name) => cell(line[name])).join(','))].join('\r\n') + '\r\n'
