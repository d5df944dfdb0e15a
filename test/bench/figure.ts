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

export interface Alternated {
  readonly ours: number
  readonly theirs: number
  readonly ratio: number
}

/**
 * Runs two things alternately, once each to warm up (left out for what takes minutes), then theirs, ours, theirs and so
 * on, `rounds` times ours; gives their medians. The ratio is the median of each of ours against the mean of theirs just
 * before and just after it: a machine shared with others goes now faster, now slower, within minutes.
 */
export async function alternate(
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
  rounds = 5,
  isWarmed = true,
): Promise<Alternated> {
  if (isWarmed) {
    await theirs()
    await ours()
  }
  const mine: number[] = []
  const ratios: number[] = []
  const other = [await theirs()]
  for (let round = 0; round < rounds; round++) {
    const one = await ours()
    const [before, after] = [other[round]!, await theirs()]
    mine.push(one)
    other.push(after)
    ratios.push((2 * one) / (before + after))
  }
  return { ours: median(mine), theirs: median(other), ratio: median(ratios) }
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
