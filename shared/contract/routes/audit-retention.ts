import type { HttpRoute } from './route.ts'

export const auditRetentionRoutes = {} as const satisfies Record<string, HttpRoute>
