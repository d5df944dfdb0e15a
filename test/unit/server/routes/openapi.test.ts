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
