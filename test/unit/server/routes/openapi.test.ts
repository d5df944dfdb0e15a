import { describe, expect, it } from 'vitest'
import { HTTP, type HttpRoute } from '../../../../shared/contract/index.ts'
import { isConsolePage } from '../../../../server/routes/console-files.ts'
import { openApiDocument } from '../../../../server/routes/openapi.ts'

interface Operation {
  operationId: string
  parameters: { name: string; in: string }[]
  requestBody?: unknown
  security: unknown[]
}
const document = openApiDocument('1.2.3') as {
  openapi: string
  paths: Record<string, Record<string, Operation>>
}
const rows = Object.entries(HTTP) as [string, HttpRoute][]

describe('when the API describes itself', () => {
  it.each(rows)('tells of %s what the table says', (name, route) => {
    const path = route.path.replace(/:([A-Za-z]+)/g, '{$1}')
    const told = document.paths[path]?.[route.method.toLowerCase()]
    expect(told?.operationId).toBe(name)
    const names = told?.parameters.map((one) => one.name) ?? []
    for (const param of Object.keys({ ...route.params?.shape, ...route.query?.shape })) expect(names).toContain(param)
    expect(names.includes('Idempotency-Key')).toBe(route.creates === true)
    expect(names.includes('If-Match')).toBe(route.changes === true)
    expect(told?.requestBody !== undefined).toBe(route.body !== undefined)
    expect(told?.security).toHaveLength(route.auth === 'none' ? 0 : 1)
  })
})

describe('when the API describes the file of an export', () => {
  const { get, head } = document.paths['/api/v1/exports/{id}/file'] as unknown as Record<
    'get' | 'head',
    {
      parameters: { name: string; required: boolean }[]
      security: Record<string, unknown>[]
      responses: Record<string, { headers?: object; content?: object }>
    }
  >
  const names = (one: typeof get) => one.parameters.map(({ name }) => name)

  it('tells how a range is asked for, and of every answer', () => {
    expect(names(get)).toEqual(['id', 'If-None-Match', 'Range', 'If-Range'])
    expect(Object.keys(get.responses).toSorted()).toEqual(['200', '206', '304', '416', 'default'])
    for (const status of ['206', '416']) expect(get.responses[status]?.headers).toHaveProperty(['Content-Range'])
    for (const status of ['200', '206']) expect(get.responses[status]?.content).toHaveProperty(['application/zip'])
    expect(get.responses['416']?.content).toHaveProperty(['application/problem+json'])
  })
  it('tells of HEAD that it has no range and no body', () => {
    expect(names(head)).toEqual(['id', 'If-None-Match'])
    expect(Object.keys(head.responses).toSorted()).toEqual(['200', '304', 'default'])
    for (const answer of Object.values(head.responses)) expect(answer.content).toBeUndefined()
  })
  it('names the pass as a header or a cookie, both of which it describes', () => {
    const { securitySchemes } = (document as unknown as { components: { securitySchemes: Record<string, unknown> } })
      .components
    expect(get.security).toEqual([{ downloadPass: [] }, { downloadCookie: [] }])
    expect(securitySchemes['downloadPass']).toMatchObject({ in: 'header', name: 'Authorization' })
    expect(securitySchemes['downloadCookie']).toMatchObject({ in: 'cookie', name: 'countersign-download' })
  })
})

describe('when a console path is asked for', () => {
  it.each([
    ['/console/', true],
    ['/console/audit/list?x=1', true],
    ['/console/assets/app.js', false],
    ['/api/v1/holders', false],
    ['/consoles', false],
  ])('%s is a page: %s', (url, expected) => {
    expect(isConsolePage(url)).toBe(expected)
  })
})
