import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CheckpointTimestamps } from '../../../server/audit/checkpoint-timestamps.ts'
import { stampedDigest } from '../../../shared/audit/checkpoint-stamp.ts'
import { readCheckpoint, readStampedCheckpoint } from '../../../server/db/repositories/audit-checkpoints.ts'
import { readAnchors, TimestampClient } from '../../../server/timestamp/client.ts'
import { verifyTimeStampToken } from '../../../shared/pki/index.ts'
import { describeWith } from '../../parts.ts'
import { OpensslFolder, TIME_SECTIONS } from '../../interop/pki/openssl.ts'
import { CHAIN } from '../../unit/server/audit/chain-bench.ts'
import { openCheckpointBench } from '../../unit/server/audit/checkpoint-bench.ts'
import type { CheckpointBench } from '../../unit/server/audit/checkpoint-bench.ts'
import { SmallServer } from './small-server.ts'
import type { Answer } from './small-server.ts'

const POLICY = '1.3.6.1.4.1.99999.3'
const HOUR = 3_600_000
const CONFIG = `${TIME_SECTIONS}[authority]
serial = tsa.serial
crypto_device = builtin
signer_digest = sha256
default_policy = ${POLICY}
digests = sha256
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`

const folder = new OpensslFolder()
let authority: SmallServer
let other: SmallServer
let bench: CheckpointBench | undefined

/** RFC 3161 3.4, by the openssl program. */
const openssl: Answer = (body, response, request) => {
  if (request.headers['content-type'] !== 'application/timestamp-query') {
    response.writeHead(400).end()
    return
  }
  folder.write('query', body)
  const signer = ['-signer', 'tsa.pem', '-inkey', 'tsa.key', '-out', 'reply']
  folder.run('ts', '-reply', '-config', 'tsa.cnf', '-section', 'authority', '-queryfile', 'query', ...signer)
  response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(folder.read('reply'))
}

const make = (name: string, extensions: string, ...issued: string[]): void => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`]
  const subject = ['-subj', `/O=Test/CN=${name}`, '-days', '30', '-sha256', '-extensions', extensions]
  folder.run('req', '-x509', '-config', 'tsa.cnf', ...key, ...issued, ...subject, '-out', `${name}.pem`)
}

afterAll(() => folder.remove())
afterEach(async () => {
  await bench?.close()
  bench = undefined
})

describeWith(['openssl'], "when a checkpoint is time-stamped by OpenSSL's authority", () => {
  beforeAll(async () => {
    folder.write('tsa.cnf', CONFIG)
    folder.write('tsa.serial', '01\n')
    make('ca', 'ca')
    make('stranger', 'ca')
    make('tsa', 'tsa', '-CA', 'ca.pem', '-CAkey', 'ca.key')
    authority = await SmallServer.start(openssl)
    other = await SmallServer.start(openssl)
  })
  afterAll(async () => {
    await authority.stop()
    await other.stop()
  })

  const anchors = () => readAnchors(folder.file('ca.pem'))
  const good = () => ({ url: authority.url, anchors: anchors(), policy: POLICY })

  it('keeps a token over its signed text, once a day', async () => {
    bench = await openCheckpointBench()
    let now = Date.now()
    const stamper = new TimestampClient({ authorities: [good()] })
    const { audit } = bench.databases
    const timestamps = new CheckpointTimestamps({ audit, chain: CHAIN, stamper, log: bench.log, now: () => now })
    await timestamps.tick()
    expect(await readStampedCheckpoint(audit.db, CHAIN)).toBeNull()

    const checkpoints = bench.checkpoints()
    await bench.grow(3)
    const made = await checkpoints.make()
    await timestamps.tick()
    const stamped = await readCheckpoint(audit.db, CHAIN, made.size)
    const token = stamped?.stamp?.token ?? new Uint8Array()
    const verified = verifyTimeStampToken(token, {
      imprint: { hash: 'sha256', digest: stampedDigest(made.note) },
      anchors: anchors(),
      revocation: 'none',
      now: new Date(),
    })
    expect(verified.genTime.getTime()).toBe(stamped?.stamp?.at)
    expect(timestamps.failure).toBeNull()

    await bench.grow(3)
    const second = await checkpoints.make()
    now += 23 * HOUR
    await timestamps.tick()
    expect((await readCheckpoint(audit.db, CHAIN, second.size))?.stamp).toBeNull()
    now += 2 * HOUR
    await timestamps.tick()
    expect((await readStampedCheckpoint(audit.db, CHAIN))?.size).toBe(second.size)
  })

  const bad: readonly (readonly [string, string, Answer])[] = [
    ['answers 500', 'http-500', (_, response) => void response.writeHead(500).end()],
    ['sends elsewhere', 'redirect', (_, response) => void response.writeHead(302, { location: authority.url }).end()],
    [
      'answers without end',
      'too-large',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/timestamp-reply' })
        for (let part = 0; part < 6; part += 1) response.write(Buffer.alloc(64 * 1024))
        response.end()
      },
    ],
    ['answers a page', 'content-type', (_, response) => void response.writeHead(200).end('<html>')],
    ['never answers', 'timeout', () => undefined],
    ['closes the line', 'unreachable', (_, response) => void response.destroy()],
    [
      'answers what is no token',
      'malformed',
      (_, response) => void response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end('no'),
    ],
    [
      'answers another request',
      'tsp-imprint',
      (_, response) => {
        folder.write('other', 'other data')
        folder.run('ts', '-query', '-data', 'other', '-sha256', '-cert', '-out', 'query')
        const signer = ['-signer', 'tsa.pem', '-inkey', 'tsa.key', '-out', 'reply']
        folder.run('ts', '-reply', '-config', 'tsa.cnf', '-section', 'authority', '-queryfile', 'query', ...signer)
        response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(folder.read('reply'))
      },
    ],
  ]

  it.each(bad)(
    'an authority that %s is passed over, and told of where it is the only one',
    async (_, reason, answer) => {
      other.answer = answer
      const first = { url: other.url, anchors: anchors() }
      const digest = stampedDigest(`text\n\n\u2014 a AAAAAAA=\n`)
      const both = new TimestampClient({ authorities: [first, good()], timeoutMs: 1500 })
      expect(await both.stamp(digest)).toMatchObject({ url: authority.url })
      const alone = new TimestampClient({ authorities: [first], timeoutMs: 300 })
      await expect(alone.stamp(digest)).rejects.toMatchObject({ code: 'TIMESTAMP_UNAVAILABLE', detail: { reason } })
    },
  )

  it.each([
    ['trust', 'stranger.pem', POLICY, /path|untrusted|anchor|issuer/],
    ['policy', 'ca.pem', '1.2.3.4', /tsp-status|tsp-policy/],
  ])('a token of another %s is refused', async (_, trust, policy, reason) => {
    const client = new TimestampClient({
      authorities: [{ url: authority.url, anchors: readAnchors(folder.file(trust)), policy }],
    })
    const error = await client.stamp(new Uint8Array(32)).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'TIMESTAMP_UNAVAILABLE', detail: { reason: expect.stringMatching(reason) } })
  })

  it('tries again, alarms after two days, and says when it works again', async () => {
    bench = await openCheckpointBench()
    let now = Date.now()
    other.answer = (_, response) => void response.writeHead(503).end()
    const { audit } = bench.databases
    const stamper = new TimestampClient({ authorities: [{ url: other.url, anchors: anchors() }] })
    const { log, alarms } = bench
    const timestamps = new CheckpointTimestamps({ audit, chain: CHAIN, stamper, log, alarms, now: () => now })
    await bench.checkpoints().make()
    await timestamps.tick()
    const asked = other.asked
    await timestamps.tick()
    expect(other.asked).toBe(asked)
    now += 47 * HOUR
    await timestamps.tick()
    expect(bench.raised).toEqual([])
    now += 2 * HOUR
    await timestamps.tick()
    expect(bench.raised).toMatchObject([
      { kind: 'timestamp-late', key: CHAIN, detail: { reason: 'http-503', hours: 49 } },
    ])
    expect(timestamps.failure).toBe('http-503')
    other.answer = openssl
    now += HOUR
    await timestamps.tick()
    expect(timestamps.failure).toBeNull()
    expect(bench.cleared).toEqual([`timestamp-late ${CHAIN}`])
  })
})

describe('when no authority is configured', () => {
  it('asks nobody and raises nothing', async () => {
    bench = await openCheckpointBench()
    const { audit } = bench.databases
    const { log, alarms } = bench
    const stamper = new TimestampClient({ authorities: [] })
    await new CheckpointTimestamps({ audit, chain: CHAIN, stamper, log, alarms, lateMs: 0 }).tick()
    expect(bench.raised).toEqual([])
  })
})
