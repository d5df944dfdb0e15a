import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseManifest } from '../../../../shared/exports/index.ts'
import type { ExportFormat, ExportOrder } from '../../../../shared/contract/routes/exports.ts'
import { refusal, type TestClient } from '../../../fakes/server/client.ts'
import { HOLDER } from '../../../fakes/server/enrol.ts'
import { startServer, type TestServer } from '../../../fakes/server/start-server.ts'
import { download, exported, fetchFile, judge, membersOf, orderOf } from './export-ground.ts'

let server: TestServer
let anna: TestClient
let carla: TestClient
let holder: string
const screens = mkdtempSync(join(tmpdir(), 'countersign-screens-'))

beforeAll(async () => {
  writeFileSync(join(screens, 'index.html'), '<!doctype html>')
  server = await startServer({ listen: true, consoleFolder: screens })
  ;[anna, carla] = (await Promise.all(['anna', 'carla'].map((one) => server.signIn(one)))) as [TestClient, TestClient]
  holder = (await anna.call('createHolder', { body: HOLDER })).id
  await anna.call('createHolder', { body: { ...HOLDER, givenNames: '=HYPERLINK("https://evil.example")' } })
})
afterAll(async () => {
  await server.close()
  rmSync(screens, { recursive: true })
})

const manifestOf = (members: ReadonlyMap<string, Buffer>) =>
  new Map(parseManifest(members.get('manifest.json') ?? Buffer.alloc(0)).members.map((one) => [one.name, one]))

const chain = (): ExportOrder['selection'] => ({ kind: 'chain', chain: server.config.name })

describe('when an auditor of everything exports', () => {
  it.each(['csv', 'json', 'jsonl', 'xml', 'pdf'] satisfies ExportFormat[])(
    'gives the whole chain as %s, which the verifier passes',
    async (format) => {
      const view = await exported(carla, orderOf({ selection: chain(), format }))
      expect(view).toMatchObject({ completeness: 'whole', signers: [{ kind: 'software', level: 'B-B' }], error: null })
      const { status, bytes, headers } = await download(server, carla, view.id)
      expect([status, bytes.length]).toEqual([200, view.bytes])
      expect(headers['content-disposition']).toBe(`attachment; filename="${view.fileName}"`)
      const report = await judge(server, bytes)
      expect(report.checks.filter(({ indication }) => indication !== 'TOTAL-PASSED')).toEqual([])
      expect(report.indication).toBe('TOTAL-PASSED')
    },
  )

  it.each([
    ['a time span', { from: 1 }, 'range'],
    ['a time span of a chain', { from: 1, chain: ['test.countersign.example'] }, 'range'],
    ['nothing in a time span', { from: 1, to: 2 }, 'range'],
    ['an action', { action: ['Insertion'] }, 'inclusion'],
    ['a name', { operator: ['Anna'] }, 'inclusion'],
    ['a word', { text: 'Giulia' }, 'inclusion'],
  ] as const)('proves what it can for %s', async (_what, search, completeness) => {
    const selection = { kind: 'search' as const, search: JSON.parse(JSON.stringify(search)) as object }
    const view = await exported(carla, orderOf({ selection }))
    expect(view.completeness).toBe(completeness)
    const { bytes } = await download(server, carla, view.id)
    const report = await judge(server, bytes)
    expect(report.checks.filter(({ indication }) => indication !== 'TOTAL-PASSED')).toEqual([])
  })

  it('proves by headers that nothing that fits was left out', async () => {
    const order = orderOf({
      selection: { kind: 'object', objectType: 'holder', objectId: holder },
      completeness: 'headers',
    })
    const view = await exported(carla, order)
    const { bytes } = await download(server, carla, view.id)
    const members = await membersOf(bytes)
    const manifest = parseManifest(members.get('manifest.json') ?? Buffer.alloc(0))
    const [counted] = manifest.counts.chains
    expect(counted).toMatchObject({ disclosed: 1, hidden: 0 })
    expect(counted?.headers).toBeGreaterThan(5)
    expect((await judge(server, bytes)).indication).toBe('TOTAL-PASSED')
  })

  it('says where this server gives the verifiers', async () => {
    const view = await exported(carla, orderOf())
    const members = await membersOf((await download(server, carla, view.id)).bytes)
    const page = members.get('READ-ME.html')?.toString('utf8') ?? ''
    expect(page).toContain(`<pre>${server.config.publicUrl}/verify/countersign-verify.mjs</pre>`)
    expect(page).toContain(`<pre>${server.config.publicUrl}/verify/countersign-verify.html</pre>`)
  })

  it('makes spreadsheets take no formula', async () => {
    const view = await exported(carla, orderOf({ format: 'csv' }))
    const members = await membersOf((await download(server, carla, view.id)).bytes)
    const csv = members.get('data/audit.csv')?.toString('utf8') ?? ''
    expect(csv).toContain('HYPERLINK')
    for (const field of csv.split(/,|\r\n/)) expect(field).not.toMatch(/^"?[=+@-]/)
  })

  /** What the page for people says, run as it says it. */
  it.each(['csv', 'xml', 'pdf'] satisfies ExportFormat[])(
    'is checked by public tools as its own page tells: %s',
    async (format) => {
      const view = await exported(carla, orderOf({ format }))
      const members = await membersOf((await download(server, carla, view.id)).bytes)
      const folder = mkdtempSync(join(tmpdir(), 'countersign-export-'))
      try {
        writeFileSync(join(folder, 'trusted.pem'), server.rootPem)
        for (const [name, bytes] of members) {
          mkdirSync(dirname(join(folder, name)), { recursive: true })
          writeFileSync(join(folder, name), bytes)
        }
        const page = members.get('READ-ME.html')?.toString('utf8') ?? ''
        const commands = [...page.matchAll(/<pre>([^<]*)<\/pre>/g)].map(([, text = '']) =>
          text.replaceAll('&amp;', '&'),
        )
        // The rest are our own verifier, and addresses where it is to be had.
        const open = commands.filter((command) => !/countersign-verify|^https:/.test(command))
        expect(open).toHaveLength(3)
        const said = open.map((command) =>
          execFileSync('sh', ['-c', command], { cwd: folder, stdio: 'pipe', encoding: 'utf8' }),
        )
        for (const [name, { sha256 }] of manifestOf(members)) {
          if (/^(data|evidence|chains)\//.test(name)) expect(said[1]).toContain(`${sha256}  ${name}`)
        }
        if (format === 'pdf') expect(said[2]).toContain('Signature is Valid')
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
  )

  it('tells of order, package, pass and removal, each once', async () => {
    const view = await exported(carla, orderOf())
    await download(server, carla, view.id)
    await carla.call('deleteExport', { params: { id: view.id } })
    const { items } = await carla.call('readTrail', { params: { objectType: 'export', objectId: view.id }, query: {} })
    expect(items.map(({ action, operatorId }) => [action, operatorId === null])).toEqual([
      ['Export', false],
      ['Export', true],
      ['Export', false],
      ['Deletion', false],
    ])
    expect(items[1]?.after).toMatchObject({ state: 'ready', manifestDigest: view.manifestDigest })
    expect(await carla.call('readExport', { params: { id: view.id } })).toMatchObject({ state: 'gone' })
    const again = await refusal(carla.call('authoriseDownload', { params: { id: view.id } }))
    expect(again.code).toBe('EXPORT_STATE')
  })

  it.each([
    ['completeness that shows others', { completeness: 'whole' }, 'EXPORT_COMPLETENESS_IMPOSSIBLE'],
    ['a level nobody can make', { level: 'B-T' }, 'EXPORT_LEVEL_UNAVAILABLE'],
    ['a time zone of nowhere', { timeZone: 'Mars/Olympus' }, 'REQUEST_INVALID'],
  ] as const)('refuses %s', async (_what, more, code) => {
    expect((await refusal(carla.call('createExport', { body: orderOf(more) }))).code).toBe(code)
  })

  it('makes one export however often the same order is sent', async () => {
    const idempotencyKey = crypto.randomUUID()
    const [one, two] = await Promise.all([
      carla.call('createExport', { body: orderOf() }, { idempotencyKey }),
      carla.call('createExport', { body: orderOf() }, { idempotencyKey }),
    ])
    expect(two.id).toBe(one.id)
  })

  it('estimates before', async () => {
    const estimate = await carla.call('estimateExport', { body: { selection: chain() } })
    expect(estimate).toMatchObject({
      isMore: false,
      completeness: 'whole',
      possible: ['whole', 'inclusion'],
      levels: ['B-B'],
      signer: { kind: 'software' },
    })
    expect(estimate.entries).toBeGreaterThan(10)
  })
})

describe('when a package is downloaded', () => {
  let id = ''
  let whole: Buffer
  let path = ''
  let pass = ''
  let etag = ''
  const get = (headers: Record<string, string>, method = 'GET') =>
    fetchFile(server, path, { authorization: `Download ${pass}`, ...headers }, method)

  beforeAll(async () => {
    id = (await exported(carla, orderOf({ selection: chain() }))).id
    ;({ path, pass } = await carla.call('authoriseDownload', { params: { id } }))
    const answer = await get({})
    whole = answer.bytes
    etag = answer.headers.etag ?? ''
  })

  it('puts any two parts together to the whole', async () => {
    for (const at of [0, 1, 29, 30, 4096, Math.floor(whole.length / 2), whole.length - 23, whole.length - 1]) {
      const first = at === 0 ? Buffer.alloc(0) : (await get({ range: `bytes=0-${at - 1}` })).bytes
      const second = await get({ range: `bytes=${at}-`, 'if-range': etag })
      expect(second.status).toBe(206)
      expect(second.headers['content-range']).toBe(`bytes ${at}-${whole.length - 1}/${whole.length}`)
      expect(Buffer.concat([first, second.bytes]).equals(whole)).toBe(true)
    }
  })

  it.each([
    ['a suffix', 'bytes=-10', 206],
    ['a suffix longer than all', 'bytes=-99999999999', 206],
    ['beyond the end', 'bytes=999999999999-', 416],
    ['nothing at the end', 'bytes=-0', 416],
    ['the wrong way round', 'bytes=10-5', 200],
    ['several', 'bytes=0-1,3-4', 200],
    ['another unit', 'lines=0-1', 200],
    ['no numbers', 'bytes=a-b', 200],
    ['a sign', 'bytes=+0-1', 200],
    ['digits without end', `bytes=0-${'9'.repeat(90)}`, 200],
    ['a header without end', `bytes=0-1${'0'.repeat(5000)}`, 200],
    ['nothing', 'bytes=-', 200],
  ])('answers %s', async (_what, range, status) => {
    const answer = await get({ range })
    expect(answer.status).toBe(status)
    if (status === 200) expect(answer.bytes.equals(whole)).toBe(true)
    if (status === 416) expect(answer.headers['content-range']).toBe(`bytes */${whole.length}`)
    if (status === 206) expect(whole.subarray(whole.length - answer.bytes.length).equals(answer.bytes)).toBe(true)
  })

  it('sends the whole where the client has another version, and nothing where it has this one', async () => {
    expect((await get({ range: 'bytes=5-', 'if-range': '"other"' })).status).toBe(200)
    expect((await get({ 'if-none-match': etag })).status).toBe(304)
    const head = await get({}, 'HEAD')
    expect([head.status, head.bytes.length, head.headers['content-length']]).toEqual([200, 0, String(whole.length)])
  })

  it('takes the pass as the cookie it was set as', async () => {
    const answer = await carla.send('POST', `/api/v1/exports/${id}/downloads`, null)
    const [cookie = ''] = [answer.headers['set-cookie']].flat().map(String)
    expect(cookie).toMatch(/HttpOnly; Secure; SameSite=Strict/)
    expect(cookie).toContain(`Path=${path}`)
    const sent = { cookie: cookie.split(';')[0] ?? '' }
    expect((await fetchFile(server, path, sent)).status).toBe(200)
    expect((await fetchFile(server, path, { ...sent, 'sec-fetch-site': 'cross-site' })).status).toBe(401)
  })

  it.each([
    ['no pass', {}],
    ['a pass nobody gave', { authorization: `Download ${'A'.repeat(43)}` }],
    ['a session', { authorization: `Countersign ${'A'.repeat(43)}` }],
    ['an empty cookie', { cookie: 'countersign-download=' }],
  ])('gives nothing for %s', async (_what, headers) => {
    const answer = await fetchFile(server, path, headers as Record<string, string>)
    expect([answer.status, JSON.parse(answer.bytes.toString()).code]).toEqual([401, 'EXPORT_PASS_INVALID'])
  })

  it('takes no pass of another export', async () => {
    const other = await exported(carla, orderOf())
    const answer = await fetchFile(server, `/api/v1/exports/${other.id}/file`, { authorization: `Download ${pass}` })
    expect(answer.status).toBe(401)
  })

  it('ends a pass with the session it was given to', async () => {
    const again = await server.signIn('carla')
    const given = await again.call('authoriseDownload', { params: { id } })
    const headers = { authorization: `Download ${given.pass}` }
    expect((await fetchFile(server, path, headers)).status).toBe(200)
    await again.call('endSession', { query: {} })
    expect((await fetchFile(server, path, headers)).status).toBe(401)
  })

  it('ends a pass with the right it was given by', async () => {
    const given = await carla.call('authoriseDownload', { params: { id } })
    const status = async () => (await fetchFile(server, path, { authorization: `Download ${given.pass}` })).status
    const { db } = server.running().foundation.databases.operational
    const grants = () => db.updateTable('grant').where('operator_id', '=', carla.session?.operator.id ?? '')
    expect(await status()).toBe(200)
    await grants()
      .set({ valid_to: Date.now() - 1 })
      .execute()
    expect(await status()).toBe(401)
    await grants().set({ valid_to: null }).execute()
    expect(await status()).toBe(200)
  })

  it('is nobody else’s', async () => {
    const dario = await server.signIn('dario')
    expect((await refusal(dario.call('readExport', { params: { id } }))).code).toBe('ACCESS_DENIED')
    expect((await refusal(anna.call('authoriseDownload', { params: { id } }))).code).toBe('ACCESS_DENIED')
  })
})
