import { z } from 'zod'
import { Base64, Id, PublicJwk } from '../scalars.ts'
import {
  ConsoleAnswer,
  ConsoleRequest,
  ConsoleRequestView,
  SignInAnswer,
  SignInChallenge,
  SignInRequest,
} from '../session.ts'
import { SessionView } from '../views.ts'
import { byId, done, route } from './route.ts'

export const sessionRoutes = {
  createChallenge: route({
    method: 'POST',
    path: '/api/v1/sign-in/challenges',
    summary: 'Ask for a sign-in challenge',
    auth: 'none',
    body: z.strictObject({ station: Id }),
    answer: SignInChallenge,
  }),

  signIn: route({
    method: 'POST',
    path: '/api/v1/sign-in/sessions',
    summary: 'Sign in with a statement signed by a card',
    auth: 'none',
    body: SignInRequest,
    answer: SignInAnswer,
  }),

  readSession: route({
    method: 'GET',
    path: '/api/v1/session',
    summary: 'The session in use',
    auth: 'session.own',
    answer: SessionView,
  }),

  endSession: route({
    method: 'DELETE',
    path: '/api/v1/session',
    summary: 'Sign out, or lock because the card was pulled',
    auth: 'session.own',
    query: z.strictObject({ why: z.enum(['sign-out', 'lock', 'card-removed']).default('sign-out') }),
    answer: done,
  }),

  createConsoleRequest: route({
    method: 'POST',
    path: '/api/v1/console-requests',
    summary: 'A console asks to be signed in',
    auth: 'none',
    body: z.strictObject({ sessionKey: PublicJwk }),
    answer: ConsoleRequest,
  }),

  readConsoleRequest: route({
    method: 'GET',
    path: '/api/v1/console-requests/:id',
    summary: 'Has an operator approved?',
    auth: 'none',
    params: byId,
    answer: ConsoleAnswer,
  }),

  findConsoleRequest: route({
    method: 'GET',
    path: '/api/v1/console-codes/:code',
    summary: 'What a console code stands for',
    auth: 'console.use',
    params: z.strictObject({ code: z.string().max(12) }),
    answer: ConsoleRequestView,
  }),

  approveConsole: route({
    method: 'POST',
    path: '/api/v1/console-codes/:code/approval',
    summary: 'Approve with a statement signed by the card',
    auth: 'console.use',
    params: z.strictObject({ code: z.string().max(12) }),
    body: z.strictObject({ statement: Base64(4096), cms: Base64(16_384) }),
    answer: done,
  }),
} as const
