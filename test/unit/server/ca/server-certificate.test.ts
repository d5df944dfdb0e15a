import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureServerTls, type InternalCa, type ServerTls } from '../../../../server/ca/index.ts'
import { CaDesk, START } from './desk.ts'

let desk: CaDesk
let ca: InternalCa
let folder: string
beforeAll(async () => {
  desk = await CaDesk.make()
  desk.now = new Date()
  ca = await desk.open()
  folder = join(desk.folder, 'tls')
})
afterAll(() => desk.close())

const hosts = ['localhost', '127.0.0.1', '::1']
const ensure = (change: object = {}) => ensureServerTls(ca, { folder, hosts, now: desk.now, ...change })
const serverRows = () => desk.store.rows.filter((row) => row.profile === 'server-tls')

function statusOver(tls: ServerTls, ca: string): Promise<number | string> {
  return new Promise((resolve) => {
    const server = createServer({ key: tls.keyPem, cert: tls.chainPem }, (_, reply) => reply.end('ok'))
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      const done = (result: number | string) => server.close(() => resolve(result))
      const call = request({ host: '127.0.0.1', port, ca, agent: false }, (reply) => {
        reply.resume()
        reply.on('end', () => done(reply.statusCode ?? 0))
      })
      call.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
      call.end()
    })
  })
}

describe('when the server needs a certificate', () => {
  it('serves TLS that a client with the root accepts, and no other', async () => {
    const tls = await ensure()
    expect(await statusOver(tls, tls.rootPem)).toBe(200)
    const other = await CaDesk.make()
    other.now = new Date()
    const [, otherRoot] = await (await other.open()).chain()
    const { encodePem } = await import('../../../../shared/pki/index.ts')
    expect(await statusOver(tls, encodePem('CERTIFICATE', otherRoot as Uint8Array))).toMatch(/CERT|ISSUER/)
    await other.close()
  })

  it('keeps it, owner only', async () => {
    const first = await ensure()
    expect(await ensure()).toEqual(first)
    expect((await stat(join(folder, 'key.pem'))).mode & 0o077).toBe(0)
    expect(serverRows()).toHaveLength(1)
  })

  it('gets the same one back where the chain file was lost or damaged', async () => {
    const first = await ensure()
    await rm(join(folder, 'chain.pem'))
    expect(await ensure()).toEqual(first)
    await writeFile(join(folder, 'chain.pem'), 'damaged')
    expect(await ensure()).toEqual(first)
    expect(serverRows()).toHaveLength(1)
  })

  it('asks again for other hosts, and for a new key before the end', async () => {
    const first = await ensure()
    const other = await ensure({ hosts: ['desk.example'] })
    expect(other.chainPem).not.toBe(first.chainPem)
    const key = await readFile(join(folder, 'key.pem'), 'utf8')
    const late = new Date(other.notAfter.getTime() - 86_400_000)
    desk.now = late
    const renewed = await ensure({ hosts: ['desk.example'] })
    expect(renewed.notAfter > other.notAfter).toBe(true)
    expect(renewed.keyPem).not.toBe(key)
    desk.now = START
  })
})
