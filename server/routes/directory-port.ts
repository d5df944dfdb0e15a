import type { actorOf } from '../hooks/session.ts'

/** The organisation, as far as routes hand it on; they never read a database themselves. */
export type DirectoryPort = Parameters<typeof actorOf>[0]
