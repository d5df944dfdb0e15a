/** The chain all benches of the audit write. Alone here, so that a measuring process need not load what makes one. */
export const CHAIN = 'bench-1'
