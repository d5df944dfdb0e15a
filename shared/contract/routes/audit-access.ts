import type { HttpRoute } from './route.ts'

export const auditAccessRoutes = {} as const satisfies Record<string, HttpRoute>
