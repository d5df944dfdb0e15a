/** A button that waits in the background; its words are as dark as text in both schemes. */
export const QUIET = { variant: 'subtle', color: 'gray', c: 'var(--mantine-color-text)' } as const
