/** Inputs per property: 2,000 in the ordinary run, 100,000 with SOAK=1. */
export const fuzzRuns = (): number => (process.env['SOAK'] === '1' ? 100_000 : 2000)
