import type { HttpRoute } from './route.ts'

export const jobsRoutes = {} as const satisfies Record<string, HttpRoute>
