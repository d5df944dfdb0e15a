import type { HttpRoute } from './route.ts'

export const auditWitnessRoutes = {} as const satisfies Record<string, HttpRoute>
