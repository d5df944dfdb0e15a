import type { HttpRoute } from './route.ts'

export const alarmsRoutes = {} as const satisfies Record<string, HttpRoute>
