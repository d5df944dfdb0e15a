import { z } from 'zod'
import { PageQuery, page, Text } from '../scalars.ts'
import { CardView, HolderFields, HolderRow, HolderView } from '../views.ts'
import { byId, route } from './route.ts'

export const holdersRoutes = {
  listHolders: route({
    method: 'GET',
    path: '/api/v1/holders',
    summary: 'Search people',
    auth: 'holder.read',
    query: z.strictObject({ ...PageQuery, text: Text(200).optional() }),
    answer: page(HolderRow),
  }),

  createHolder: route({
    method: 'POST',
    path: '/api/v1/holders',
    summary: 'Register a person',
    auth: 'holder.write',
    creates: true,
    body: HolderFields,
    answer: HolderView,
  }),

  readHolder: route({
    method: 'GET',
    path: '/api/v1/holders/:id',
    summary: 'One person',
    auth: 'holder.read',
    params: byId,
    answer: HolderView,
  }),

  updateHolder: route({
    method: 'PUT',
    path: '/api/v1/holders/:id',
    summary: "Correct a person's data",
    auth: 'holder.write',
    changes: true,
    params: byId,
    body: HolderFields,
    answer: HolderView,
  }),

  listHolderCards: route({
    method: 'GET',
    path: '/api/v1/holders/:id/cards',
    summary: "A person's cards",
    auth: 'card.read',
    params: byId,
    answer: z.strictObject({ items: z.array(CardView) }),
  }),
} as const
