import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startCardWorker } from '../../main/cards/index.ts'
import { assemble } from '../../main/compose.ts'
import { readAnchor, readConfig, readStationKey } from '../../main/config.ts'
import { startServer } from '../../main/launch/server.ts'
import type { DemoInstance } from '../../main/launch/demo.ts'
import { DEMO_OPERATORS } from '../../main/launch/demo-operators.ts'
import { DeskUser } from '../../main/launch/desk-user.ts'
import { OFFICER_READER } from '../../main/launch/main-job.ts'
import { runScript, startProgram, stopProgram } from '../../main/launch/processes.ts'
import { RemoteClient } from '../../main/remote/client.ts'
import { ProofMaker } from '../../main/remote/proof.ts'
import type { RemoteSession } from '../../main/services/ports.ts'
import { plainSeal } from '../../main/store/crypto.ts'
import { openStore } from '../../main/store/open.ts'
import { openLog } from '../../main/system/log.ts'
import { median, round, type Figure } from './figure.ts'
import { withInstance } from './instance.ts'

const REQUESTS = 6000
/** So many that a server which answers slowly is never waited for by the load: it is the same for both. */
const CONNECTIONS = 64
/** What a compiler made of a server differs from start to start. */
const STARTS = 5
const ROUNDS = 2
/** A server that has run for a minute is measured, not its compiler: both go on getting quicker for so many rounds. */
const WARM_UPS = 4
const DESK_REQUESTS = 100

/**
 * Authenticated, permission-checked, validated reads per second, each with its session proof, against a bare Fastify
 * route over the same TLS that is sent the same requests.
 */
export async function* benchApi(): AsyncIterable<Figure> {
  const { ours, theirs } = await withInstance(measure)
  yield {
    name: 'api.read',
    value: Math.round(ours),
    unit: '1/s',
    ratio: round(ours / theirs),
    against: `a bare Fastify route (${Math.round(theirs)}/s)`,
    bar: { min: 0.5 },
  }
}

interface Rates {
  ours: number
  theirs: number
}

async function measure(instance: DemoInstance): Promise<Rates> {
  const config = JSON.parse(readFileSync(instance.serverConfig, 'utf8')) as object
  writeFileSync(instance.serverConfig, JSON.stringify({ ...config, limits: { requestsPerMinute: 10_000_000 } }))
  const first = await startServer(instance)
  const { session, holder, body } = await signIn(instance)
  await stopProgram(first)
  const proofs = new ProofMaker(session)
  const path = `/api/v1/holders/${holder}`
  // The desk's own requests of this session took the first counters: the server takes none twice.
  for (let taken = 0; taken < DESK_REQUESTS; taken++) proofs.headers('GET', path, null, Date.now())
  const signed = () => requestText(path, proofs.headers('GET', path, null, Date.now()))
  const starts: Rates[] = []
  for (let start = 0; start < STARTS; start++) starts.push(await oneStart(instance, body, signed))
  return { ours: median(starts.map(({ ours }) => ours)), theirs: median(starts.map(({ theirs }) => theirs)) }
}

/** Both started anew, warmed up, then driven in turn. */
async function oneStart(instance: DemoInstance, body: string, signed: () => string): Promise<Rates> {
  const server = await startServer(instance)
  const bare = await startBare(instance, body)
  const us = () => drive(instance, Number(new URL(instance.serverUrl).port), signed)
  const them = () => drive(instance, Number(bare.ready['port']), signed)
  try {
    for (let turn = 0; turn < WARM_UPS; turn++) {
      await them()
      await us()
    }
    const rates: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] }
    for (let turn = 0; turn < ROUNDS; turn++) {
      rates.theirs.push(await them())
      rates.ours.push(await us())
    }
    return { ours: median(rates.ours), theirs: median(rates.theirs) }
  } finally {
    await stopProgram(bare)
    await stopProgram(server)
  }
}

const requestText = (path: string, headers: Record<string, string>): string =>
  [
    `GET ${path} HTTP/1.1`,
    'host: localhost',
    'accept: application/json',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ].join('\r\n')

/** Requests are made before the clock starts: what is measured is the server. */
async function drive(instance: DemoInstance, port: number, request: () => string): Promise<number> {
  const requestsFile = join(instance.folder, 'requests')
  writeFileSync(requestsFile, Array.from({ length: REQUESTS }, request).join('\0'), 'latin1')
  const out = await runScript('test/bench/load.ts', [
    JSON.stringify({ port, caFile: instance.caFile, connections: CONNECTIONS, requestsFile }),
  ])
  return (JSON.parse(out) as { perSecond: number }).perSecond
}

/** An officer signed in by card through the desk's own services; their session is what the load uses. */
async function signIn(instance: DemoInstance): Promise<{ session: RemoteSession; holder: string; body: string }> {
  const config = readConfig(instance.deskConfig)
  const log = openLog(join(config.dataFolder, 'logs'))
  const remote = new ListeningClient({ url: config.server.url, anchorPem: readAnchor(config.server.caFile) })
  const cards = await startCardWorker(config)
  const store = openStore(config.dataFolder, plainSeal, log)
  const desk = assemble({
    config,
    host: { kind: 'browser', version: 'bench' },
    log,
    logFile: null,
    remote,
    store,
    cards,
    stationKey: readStationKey(config.station.keyFile),
  })
  const user = new DeskUser(desk)
  await user.until(
    async () => (await user.call('readers.list', {})).some(({ state }) => state === 'ready'),
    'the card to be read',
  )
  await user.signIn(OFFICER_READER, DEMO_OPERATORS[0]!.pin)
  const fields = {
    givenNames: 'Anna',
    familyName: 'Rossi',
    birthDate: '1985-04-12',
    nationality: 'ITA',
    personalNumber: null,
    email: null,
  }
  const view = await user.call('holders.create', { key: randomUUID(), fields })
  // The desk is not closed: closing would end the session. Its worker ends with this process.
  return { session: remote.session!, holder: view.id, body: JSON.stringify(view) }
}

class ListeningClient extends RemoteClient {
  session: RemoteSession | null = null
  override useSession(session: RemoteSession | null): void {
    if (session !== null) this.session = { token: session.token, proofKey: Uint8Array.from(session.proofKey) }
    super.useSession(session)
  }
}

function startBare(instance: DemoInstance, body: string) {
  writeFileSync(join(instance.folder, 'bare.json'), body)
  return startProgram({ name: 'The bare server', script: 'test/bench/bare-server.ts', args: [instance.folder] })
}
