import { createHash, generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compose, type Composed } from '../../../server/compose.ts'
import { parseConfig, type ServerConfig } from '../../../server/config.ts'
import type { ExportFaultPort } from '../../../server/exports/ports.ts'
import { findSoftHsmLibrary } from '../../../server/hsm/index.ts'
import { makeLog } from '../../../server/log/log.ts'
import { Plan, type SetupResult } from '../../../server/shell/plan.ts'
import { setUp } from '../../../server/shell/setup.ts'
import type { TestClient, Transport } from './client.ts'
import { signIn, type SignInSetting, type SignInTwists, type TestStation } from './sign-in.ts'
import { SoftCard } from './soft-card.ts'

export interface PlannedTestOperator {
  readonly key: string
  readonly name: string
  readonly grants: Plan['operators'][number]['grants']
  readonly validity?: Plan['operators'][number]['validity']
}
const office = (role: 'RO' | 'HD' | 'AO' | 'BO', key: string) => ({ role, scope: { kind: 'office' as const, key } })
const everything = (role: 'AO' | 'SA') => ({ role, scope: { kind: 'everything' as const } })

/** Offices milan and turin lie in north, naples in south. */
export const TEST_OPERATORS: readonly PlannedTestOperator[] = [
  { key: 'anna', name: 'Anna Rossi', grants: [office('RO', 'milan')] },
  { key: 'bruno', name: 'Bruno Bianchi', grants: [office('HD', 'milan')] },
  { key: 'carla', name: 'Carla Verdi', grants: [everything('AO')] },
  { key: 'dario', name: 'Dario Neri', grants: [everything('SA')] },
  { key: 'nadia', name: 'Nadia Gallo', grants: [office('RO', 'naples')] },
]

export interface StartOptions {
  /** Besides `TEST_OPERATORS`. */
  readonly operators?: readonly PlannedTestOperator[]
  /** SoftHSM2 where its library is found; default: the software key store. */
  readonly keys?: 'software' | 'softhsm'
  /** Listen on 127.0.0.1 with TLS; else requests are injected. */
  readonly listen?: boolean
  readonly limits?: Partial<ServerConfig['limits']>
  readonly checkAnswers?: boolean
  readonly consoleFolder?: string
  /** Connection strings of two empty databases, in place of SQLite. */
  readonly postgres?: { readonly operational: string; readonly audit: string }
  readonly audit?: Partial<ServerConfig['audit']>
  /** Connection string of the audit database's maintenance connection. */
  readonly maintenance?: string
  /** Sections `timestamping` and `signing` of the configuration. */
  readonly signing?: { readonly timestamping: unknown; readonly signing: unknown }
  /** Called at each step of making an export. */
  readonly exportFaults?: ExportFaultPort
}

export interface TestServer {
  readonly folder: string
  readonly config: ServerConfig
  readonly setup: SetupResult
  readonly rootPem: string
  readonly stations: Readonly<Record<'milan' | 'naples', TestStation>>
  readonly cards: Readonly<Record<string, SoftCard>>
  /** All log lines so far. */
  readonly log: () => string
  readonly transport: Transport
  /** `https://127.0.0.1:PORT` when listening. */
  url(): string
  running(): Composed
  setting(station?: 'milan' | 'naples'): SignInSetting
  signIn(operator: string, twists?: SignInTwists, station?: 'milan' | 'naples'): Promise<TestClient>
  /** Closes and opens again on the same files. */
  restart(): Promise<void>
  /** Closes, keeps the files, runs `between`, opens again. */
  whileStopped(between: () => Promise<void>): Promise<void>
  close(): Promise<void>
}

const keysConfig = (wanted: StartOptions['keys']) => {
  const library = wanted === 'softhsm' ? findSoftHsmLibrary() : null
  return library === null
    ? { kind: 'software', folder: 'keys', passphraseFile: 'keys.passphrase' }
    : { kind: 'pkcs11', library, tokenLabel: 'test', pinFile: 'token.pin', softHsmTokenFolder: 'tokens' }
}

const databasesConfig = (folder: string, { postgres, maintenance }: StartOptions) => {
  if (maintenance === undefined) return ownDatabases(folder, postgres)
  writeFileSync(join(folder, 'maintenance.dsn'), maintenance)
  const auditMaintenance = { kind: 'postgres', connectionStringFile: 'maintenance.dsn' }
  return { ...ownDatabases(folder, postgres), auditMaintenance }
}

const ownDatabases = (folder: string, postgres: StartOptions['postgres']) => {
  if (postgres === undefined)
    return {
      operational: { kind: 'sqlite', file: 'operational.db' },
      audit: { kind: 'sqlite', file: 'audit.db' },
    }
  for (const name of ['operational', 'audit'] as const) writeFileSync(join(folder, `${name}.dsn`), postgres[name])
  return {
    operational: { kind: 'postgres', connectionStringFile: 'operational.dsn' },
    audit: { kind: 'postgres', connectionStringFile: 'audit.dsn' },
  }
}

const newStationKey = (): { key: KeyObject; spki: string } => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { key: privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') }
}

const makePlan = async (
  operators: readonly PlannedTestOperator[],
  cards: Readonly<Record<string, SoftCard>>,
  stations: Readonly<Record<'milan' | 'naples', string>>,
): Promise<Plan> =>
  Plan.parse({
    tenant: { name: 'Test Registry' },
    divisions: [
      { key: 'north', name: 'North' },
      { key: 'south', name: 'South' },
    ],
    offices: [
      { key: 'milan', name: 'Milan', division: 'north' },
      { key: 'turin', name: 'Turin', division: 'north' },
      { key: 'naples', name: 'Naples', division: 'south' },
    ],
    stations: [
      { key: 'milan', name: 'Milan desk', office: 'milan', publicKey: stations.milan },
      { key: 'naples', name: 'Naples desk', office: 'naples', publicKey: stations.naples },
    ],
    operators: await Promise.all(
      operators.map(async ({ key, name, grants, validity }) => ({
        key,
        name,
        email: `${key}@example.test`,
        grants,
        card: { serial: cards[key]?.serial },
        certificates: await Promise.all(
          (['9A', '9C'] as const).map(async (slot) => ({
            slot,
            csr: Buffer.from((await cards[key]?.csr(slot)) ?? []).toString('base64'),
          })),
        ),
        ...(validity === undefined ? {} : { validity }),
      })),
    ),
  })

const overHttps =
  (url: () => string, ca: string): Transport =>
  ({ method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const sent = httpsRequest(
        `${url()}${path}`,
        { method, ca, headers: { ...headers, ...(body ? { 'content-length': String(body.length) } : {}) } },
        (answer) => {
          const parts: Buffer[] = []
          answer.on('data', (part: Buffer) => parts.push(part))
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              text: Buffer.concat(parts).toString('utf8'),
            }),
          )
          answer.on('error', reject)
        },
      )
      sent.on('error', reject)
      sent.end(body ?? undefined)
    })

/** A whole server in this process, in a folder of its own, with operators whose cards are in memory. */
export const startServer = async (options: StartOptions = {}): Promise<TestServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-server-'))
  const config = parseConfig(
    {
      name: 'test.countersign.example',
      tenant: 'Test Registry',
      listen: { host: '127.0.0.1', port: 0 },
      tls: { certificateFile: 'tls.pem', keyFile: 'tls.key' },
      databases: databasesConfig(folder, options),
      audit: options.audit ?? {},
      keys: keysConfig(options.keys),
      ca: { organization: 'Test Registry' },
      publicUrl: 'https://127.0.0.1:8443',
      log: { level: 'trace' },
      consoleFolder: options.consoleFolder ?? null,
      ...options.signing,
      limits: { signInsPerMinute: 10_000, requestsPerMinute: 1_000_000, ...options.limits },
    },
    folder,
  )
  const lines: string[] = []
  const log = makeLog('trace', { write: (line: string) => void lines.push(line) })
  const operators = [...TEST_OPERATORS, ...(options.operators ?? [])]
  const cards = Object.fromEntries(
    operators.map(({ key }, at) => [key, new SoftCard(`A0${(at + 16).toString(16).toUpperCase()}`)]),
  )
  const keys = { milan: newStationKey(), naples: newStationKey() }
  const plan = await makePlan(operators, cards, { milan: keys.milan.spki, naples: keys.naples.spki })
  const setup = await setUp(config, plan, log)
  for (const [key, made] of Object.entries(setup.operators)) {
    for (const slot of ['9A', '9C'] as const)
      cards[key]?.write(slot, new Uint8Array(Buffer.from(made.certificates[slot] ?? '', 'base64')))
  }
  const stationId = (key: string): string => setup.stations[key] ?? ''
  const stations = {
    milan: { id: stationId('milan'), key: keys.milan.key },
    naples: { id: stationId('naples'), key: keys.naples.key },
  }
  const rootPem = readFileSync(setup.rootCertificateFile, 'utf8')
  const tlsDigest = createHash('sha256')
    .update(new X509Certificate(readFileSync(config.tls.certificateFile)).raw)
    .digest('base64url')

  let running: Composed | null = null
  const open = async (): Promise<void> => {
    running = await compose(config, log, {
      checkAnswers: options.checkAnswers ?? true,
      insecure: options.listen !== true,
      ...(options.exportFaults === undefined ? {} : { exportFaults: options.exportFaults }),
    })
    if (options.listen === true) await running.app.listen({ host: '127.0.0.1', port: 0 })
  }
  const current = (): Composed => {
    if (!running) throw new Error('the server is stopped')
    return running
  }
  const stop = async (): Promise<void> => {
    const closing = running
    running = null
    await closing?.close()
  }
  const url = (): string => {
    const address = current().app.server.address()
    return `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  }
  const inject: Transport = async ({ method, path, headers, body }) => {
    const answer = await current().app.inject({
      method: method as 'GET',
      url: path,
      headers,
      ...(body === null ? {} : { payload: body }),
    })
    return { status: answer.statusCode, headers: answer.headers, text: answer.payload }
  }
  const transport: Transport = options.listen === true ? overHttps(url, rootPem) : inject
  const setting = (station: 'milan' | 'naples' = 'milan'): SignInSetting => ({
    transport,
    tlsDigest,
    station: stations[station],
  })
  await open()
  return {
    folder,
    config,
    setup,
    rootPem,
    stations,
    cards,
    log: () => lines.join(''),
    transport,
    url,
    running: current,
    setting,
    signIn: (operator, twists, station) => {
      const card = cards[operator]
      if (!card) throw new Error(`no operator ${operator}`)
      return signIn(setting(station), card, twists)
    },
    restart: async () => {
      await stop()
      await open()
    },
    whileStopped: async (between) => {
      await stop()
      await between()
      await open()
    },
    close: async () => {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
