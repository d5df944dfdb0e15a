import { z } from 'zod'
import { PageQuery, page, Text } from '../scalars.ts'
import { OperatorView, StationView } from '../views.ts'
import { route } from './route.ts'

export const directoryRoutes = {
  listOperators: route({
    method: 'GET',
    path: '/api/v1/operators',
    summary: 'Operators and their grants',
    auth: 'operator.read',
    query: z.strictObject({ ...PageQuery, text: Text(200).optional() }),
    answer: page(OperatorView),
  }),

  listStations: route({
    method: 'GET',
    path: '/api/v1/stations',
    summary: 'Registered stations',
    auth: 'station.read',
    query: z.strictObject({ ...PageQuery }),
    answer: page(StationView),
  }),
} as const
