import { describe, expect, it } from 'vitest'
import { makeLog } from '../../../../server/log/log.ts'

describe('when something is logged', () => {
  it.each([
    [{ pin: 'S3CRET' }],
    [{ card: { puk: 'S3CRET' } }],
    [{ request: { body: { managementKey: 'S3CRET' } } }],
    [{ headers: { authorization: 'S3CRET', 'session-proof': 'S3CRET', cookie: 'S3CRET' } }],
    [{ req: { headers: { authorization: 'S3CRET' } } }],
    [{ database: { connectionString: 'S3CRET' } }],
  ])('keeps the secret back: %#', (value) => {
    const lines: string[] = []
    makeLog('info', { write: (line: string) => void lines.push(line) }).info(value, 'told')
    expect(lines.join('')).toContain('told')
    expect(lines.join('')).not.toContain('S3CRET')
  })
})
