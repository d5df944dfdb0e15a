import { request } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { openZipPackage, readZip, verifyPackage, type Report } from '../../../../shared/exports/index.ts'
import { decodePem, parseCertificate } from '../../../../shared/pki/index.ts'
import type { ExportOrder, ExportView } from '../../../../shared/contract/routes/exports.ts'
import type { TestClient } from '../../../fakes/server/client.ts'
import type { TestServer } from '../../../fakes/server/start-server.ts'

export const orderOf = (more: Partial<ExportOrder> = {}): ExportOrder => ({
  selection: { kind: 'search', search: {} },
  format: 'jsonl',
  level: 'B-B',
  language: 'en',
  timeZone: 'Europe/Rome',
  reason: 'asked for by the court',
  ...more,
})

/** Waits until an export has come to an end, whichever. */
export const untilEnded = async (client: TestClient, id: string): Promise<ExportView> => {
  for (;;) {
    const view = await client.call('readExport', { params: { id } })
    if (view.state !== 'waiting' && view.state !== 'running') return view
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** Orders and waits; throws unless it became ready. */
export const exported = async (client: TestClient, order: ExportOrder): Promise<ExportView> => {
  const { id } = await client.call('createExport', { body: order })
  const view = await untilEnded(client, id)
  if (view.state !== 'ready') throw new Error(`export ${view.state}: ${view.error}`)
  return view
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
}

/** A request for a file, over HTTPS, as a browser or the desk sends it. */
export const fetchFile = (
  server: Pick<TestServer, 'url' | 'rootPem'>,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(`${server.url()}${path}`, { method, ca: server.rootPem, headers }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes: Buffer.concat(parts) }),
      )
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })

/** A pass and the whole file. */
export const download = async (server: TestServer, client: TestClient, id: string): Promise<Answer> => {
  const { path, pass } = await client.call('authoriseDownload', { params: { id } })
  return fetchFile(server, path, { authorization: `Download ${pass}` })
}

/** A ZIP in memory, as the verifier reads it, judged with the server's root as the one anchor. */
export const judge = async (server: Pick<TestServer, 'rootPem'>, zip: Buffer): Promise<Report> => {
  const reader = {
    size: zip.length,
    read: (offset: number, length: number) => Promise.resolve(new Uint8Array(zip.subarray(offset, offset + length))),
  }
  const [root] = decodePem('CERTIFICATE', server.rootPem)
  if (!root) throw new Error('no root')
  return verifyPackage(await openZipPackage(reader), {
    anchors: [parseCertificate(root)],
    now: new Date(),
    revocation: 'none',
    depth: 'full',
  })
}

/** The members of a ZIP by name. */
export const membersOf = async (zip: Buffer): Promise<ReadonlyMap<string, Buffer>> => {
  const { members } = await readZip({
    size: zip.length,
    read: (offset, length) => Promise.resolve(new Uint8Array(zip.subarray(offset, offset + length))),
  })
  return new Map(members.map(({ name, offset, bytes }) => [name, zip.subarray(offset, offset + bytes)]))
}
