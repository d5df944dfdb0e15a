import { z } from 'zod'
import { TimeMs } from '../scalars.ts'
import { HealthView } from '../views.ts'
import { route } from './route.ts'

export const systemRoutes = {
  readHealth: route({
    method: 'GET',
    path: '/api/v1/health',
    summary: 'Health in detail',
    auth: 'health.read',
    answer: HealthView,
  }),

  ping: route({
    method: 'GET',
    path: '/api/v1/ping',
    summary: 'Is the server there, and which',
    auth: 'none',
    answer: z.strictObject({ name: z.string(), version: z.string(), time: TimeMs, keys: z.enum(['hsm', 'software']) }),
  }),
} as const
