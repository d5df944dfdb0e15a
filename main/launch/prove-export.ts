import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import type { ExportSelection } from '../../shared/contract/routes/exports.ts'
import { openZipPackage, verifyPackage } from '../../shared/exports/index.ts'
import { decodePem, parseCertificate } from '../../shared/pki/index.ts'
import type { RemoteClient } from '../remote/client.ts'
import { DEMO_TIME } from './demo-time.ts'

/**
 * Orders the whole chain as a package at the highest level, B-LTA, waits, downloads it by its pass, and verifies it as
 * anybody would, with the demonstration's roots as the only anchors. True where it passes at B-LTA.
 */
export const proveExport = async (
  remote: RemoteClient,
  { url, caFile, folder }: { readonly url: string; readonly caFile: string; readonly folder: string },
): Promise<boolean> => {
  const [chain] = (await remote.call('listChains', { query: {} })).items
  if (chain === undefined) throw new Error('there is no chain to export')
  const selection = { kind: 'chain', chain: chain.chain } as const
  await untilOffered(remote, selection)
  const order = {
    selection,
    format: 'jsonl',
    level: 'B-LTA',
    language: 'en',
    timeZone: 'UTC',
    reason: 'npm start -- --check',
  } as const
  const { id } = await remote.call('createExport', { body: order }, { idempotencyKey: randomUUID() })
  await untilReady(remote, id)
  const { path, pass } = await remote.call('authoriseDownload', { params: { id } }, { idempotencyKey: randomUUID() })
  const zip = await fetchFile(`${url}${path}`, readFileSync(caFile, 'utf8'), pass)
  const anchors = [caFile, join(folder, DEMO_TIME, 'root.pem')].flatMap((file) =>
    decodePem('CERTIFICATE', readFileSync(file, 'utf8')).map(parseCertificate),
  )
  const read = (offset: number, length: number) =>
    Promise.resolve(new Uint8Array(zip.subarray(offset, offset + length)))
  const report = await verifyPackage(await openZipPackage({ size: zip.length, read }), {
    anchors,
    now: new Date(),
    revocation: 'none',
    depth: 'full',
  })
  return report.indication === 'TOTAL-PASSED'
}

/** The first who asks is told before the authority has answered the server. */
const untilOffered = async (remote: RemoteClient, selection: ExportSelection): Promise<void> => {
  for (let asked = 0; asked < 100; asked++) {
    const { levels } = await remote.call('estimateExport', { body: { selection } })
    if (levels.includes('B-LTA')) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('level B-LTA is not offered: the time-stamping authority of the demonstration does not answer')
}

const untilReady = async (remote: RemoteClient, id: string): Promise<void> => {
  for (let waited = 0; waited < 1200; waited++) {
    const { state, error } = await remote.call('readExport', { params: { id } })
    if (state === 'ready') return
    if (state !== 'waiting' && state !== 'running') throw new Error(`the export is ${state}: ${error ?? ''}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the export was not ready within a minute')
}

const fetchFile = (address: string, ca: string, pass: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const sent = request(address, { ca, headers: { authorization: `Download ${pass}` } }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('error', reject)
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(Buffer.concat(parts))
        else reject(new Error(`the export was not given: ${answer.statusCode}`))
      })
    })
    sent.on('error', reject)
    sent.end()
  })
