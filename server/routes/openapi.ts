import { z } from 'zod'
import { ERROR_CODES, HTTP, PROOF_SCHEME, type HttpRoute } from '../../shared/contract/index.ts'
import { EXPORT_FILE_PATH, exportFilePath, PASS_SCHEMES } from './openapi-export-file.ts'

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' })
  return rest
}

const parameters = (route: HttpRoute): unknown[] => {
  const of = (schema: z.ZodObject | undefined, place: 'path' | 'query') =>
    Object.entries(schema?.shape ?? {}).map(([name, member]) => ({
      name,
      in: place,
      required: place === 'path' || !(member as z.ZodType).safeParse(undefined).success,
      schema: schemaOf(member as z.ZodType, 'input'),
    }))
  const header = (name: string) => ({ name, in: 'header', required: true, schema: { type: 'string' } })
  return [
    ...of(route.params, 'path'),
    ...of(route.query, 'query'),
    ...(route.creates === true ? [header('Idempotency-Key')] : []),
    ...(route.changes === true ? [header('If-Match')] : []),
    ...(route.auth === 'none' ? [] : [header('Session-Proof')]),
  ]
}

const operation = (name: string, route: HttpRoute) => ({
  operationId: name,
  summary: route.summary,
  parameters: parameters(route),
  ...(route.body === undefined
    ? {}
    : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body, 'input') } } } }),
  security: route.auth === 'none' ? [] : [{ session: [] }],
  ...(route.auth === 'none' ? {} : { 'x-right': route.auth }),
  responses: {
    [route.creates === true ? '201' : '200']: {
      description: 'Done',
      content: { 'application/json': { schema: schemaOf(route.answer, 'output') } },
    },
    default: {
      description: 'Refused',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  },
})

/** OpenAPI 3.1 of the whole table; made once. */
export const openApiDocument = (version: string): Record<string, unknown> => {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, route] of Object.entries(HTTP) as [string, HttpRoute][]) {
    const path = route.path.replace(/:([A-Za-z]+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route) }
  }
  paths[EXPORT_FILE_PATH] = exportFilePath()
  return {
    openapi: '3.1.0',
    info: { title: 'Countersign', version, license: { name: 'MIT', identifier: 'MIT' } },
    paths,
    components: {
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: `"${PROOF_SCHEME} <token>", with a Session-Proof of the session's key over each request.`,
        },
        ...PASS_SCHEMES,
      },
      schemas: {
        Problem: {
          type: 'object',
          required: ['type', 'title', 'status', 'code', 'instance'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            code: { type: 'string', enum: [...ERROR_CODES] },
            detail: { type: 'object' },
            instance: { type: 'string' },
          },
        },
      },
    },
  }
}
