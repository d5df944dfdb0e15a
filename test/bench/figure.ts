/** One figure, as it is printed. `bar` is held against `ratio`, or against `value` where there is no ratio. */
export interface Figure {
  name: string
  value: number
  unit: string
  ratio: number | null
  against: string | null
  bar: { min: number } | { max: number } | null
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export const round = (value: number, digits = 3): number => Number(value.toPrecision(digits + 1))

/**
 * Runs two things alternately, once each to warm up (left out for what takes minutes) and then `rounds` times, so that a
 * slow spell of the machine meets both; gives their medians.
 */
export async function alternate(
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
  rounds = 5,
  isWarmed = true,
): Promise<{ ours: number; theirs: number }> {
  if (isWarmed) {
    await theirs()
    await ours()
  }
  const mine: number[] = []
  const other: number[] = []
  for (let round = 0; round < rounds; round++) {
    other.push(await theirs())
    mine.push(await ours())
  }
  return { ours: median(mine), theirs: median(other) }
}

export function print(figure: Figure): void {
  process.stdout.write(`${JSON.stringify(figure)}\n`)
  const held = holds(figure)
  const bar = figure.bar === null ? '' : 'min' in figure.bar ? `≥ ${figure.bar.min}` : `≤ ${figure.bar.max}`
  const cells = [
    figure.name.padEnd(24),
    `${figure.value} ${figure.unit}`.padEnd(16),
    (figure.ratio === null ? '' : `${figure.ratio} × ${figure.against}`).padEnd(44),
    bar.padEnd(8),
    held,
  ]
  process.stderr.write(`${cells.join(' ')}\n`)
}

function holds({ bar, ratio, value }: Figure): string {
  if (bar === null) return ''
  const measured = ratio ?? value
  return ('min' in bar ? measured >= bar.min : measured <= bar.max) ? 'holds' : 'MISSED'
}
