import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import type { DemoChoice } from './demo-instance.ts'
import { makeDemoTime } from './demo-time-stamp.ts'
import { DEMO_TIME } from './demo-time.ts'
import { CARD_MODULE, makeBlankCard, makeOperatorCard, type DemoCard } from './demo-cards.ts'
import {
  BLANK_SERIALS,
  DEMO_DIVISION,
  DEMO_OFFICES,
  DEMO_OPERATORS,
  DEMO_SERVER,
  DEMO_STATION,
  DEMO_TENANT,
} from './demo-operators.ts'
import { runScript } from './processes.ts'
import { ROOT } from './setup.mjs'

const SetupResult = z.object({
  stations: z.record(z.string(), z.string()),
  operators: z.record(z.string(), z.object({ id: z.string(), certificates: z.record(z.string(), z.base64()) })),
  rootCertificateFile: z.string(),
})

const SOFTHSM_LIBRARIES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
]

/** Makes a whole instance in an empty folder; nothing of it counts before the caller has renamed the folder. */
export async function makeInstance(folder: string, choice: DemoChoice): Promise<void> {
  const port = choice.port ?? (await freePort())
  const library = choice.softwareKeys ? null : (SOFTHSM_LIBRARIES.find((file) => existsSync(file)) ?? null)
  const keys = library !== null && (await hasPkcs11()) ? 'hsm' : 'software'
  mkdirSync(join(folder, 'server'), { recursive: true, mode: 0o700 })
  mkdirSync(join(folder, 'desk'), { mode: 0o700 })
  secret(join(folder, 'server/key-store-pin'), String(randomBytes(6).readUIntBE(0, 6)).padStart(12, '0'))
  const timePort = await freePort(port)
  await makeDemoTime(join(folder, DEMO_TIME), timePort)
  json(join(folder, 'server.json'), serverConfig(port, keys === 'hsm' ? library : null, timePort))

  const station = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  secret(join(folder, 'desk/station.key'), station.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const cards = new Map<string, DemoCard>()
  for (const operator of DEMO_OPERATORS)
    cards.set(operator.key, await makeOperatorCard(join(folder, 'readers'), operator))
  for (const [index, serial] of BLANK_SERIALS.entries())
    await makeBlankCard(join(folder, 'readers'), `blank-${index + 1}`, serial, `Blank card ${index + 1}`)

  json(
    join(folder, 'plan.json'),
    plan(createPublicKey(station.privateKey).export({ type: 'spki', format: 'der' }), cards),
  )
  await runScript('server/shell/index.ts', [
    '--config',
    join(folder, 'server.json'),
    'setup',
    '--plan',
    join(folder, 'plan.json'),
    '--out',
    join(folder, 'setup.json'),
  ])
  const result = SetupResult.parse(JSON.parse(readFileSync(join(folder, 'setup.json'), 'utf8')))
  await finishCards(cards, result)
  writeFileSync(join(folder, 'server/ca-root.pem'), readFileSync(result.rootCertificateFile))

  const stationId = result.stations[DEMO_STATION.key]!
  json(
    join(folder, 'desk.json'),
    deskConfig(port, stationId, { kind: 'virtual', module: CARD_MODULE, folder: 'readers' }),
  )
  json(join(folder, 'desk-pcsc.json'), deskConfig(port, stationId, { kind: 'pcsc' }))
  json(join(folder, 'readers/readers.json'), {
    readers: [
      { name: 'Virtual reader 1', card: 'officer' },
      { name: 'Virtual reader 2', card: 'blank-1' },
    ],
  })
  json(join(folder, 'instance.json'), { format: 1, port, keys })
}

const serverConfig = (port: number, library: string | null, timePort: number) => ({
  name: DEMO_SERVER,
  tenant: DEMO_TENANT,
  listen: { host: '127.0.0.1', port },
  tls: { certificateFile: 'server/tls.pem', keyFile: 'server/tls.key' },
  databases: {
    operational: { kind: 'sqlite', file: 'server/operational.sqlite' },
    audit: { kind: 'sqlite', file: 'server/audit.sqlite' },
  },
  keys:
    library === null
      ? { kind: 'software', folder: 'server/keys', passphraseFile: 'server/key-store-pin' }
      : {
          kind: 'pkcs11',
          library,
          tokenLabel: DEMO_SERVER,
          pinFile: 'server/key-store-pin',
          softHsmTokenFolder: 'server/tokens',
        },
  ca: { organization: DEMO_TENANT, country: 'IT' },
  publicUrl: `https://127.0.0.1:${port}`,
  consoleFolder: join(ROOT, 'out/console'),
  // The demonstration's own authority (`demo-time.ts`); nowhere else may a loopback address be asked.
  timestamping: { authorities: [{ url: `http://127.0.0.1:${timePort}/`, trustFile: `${DEMO_TIME}/root.pem` }] },
  signing: { revocation: { hosts: [`127.0.0.1:${timePort}`], privateAddresses: true } },
})

const deskConfig = (port: number, station: string, readers: object) => ({
  server: { url: `https://127.0.0.1:${port}`, name: DEMO_SERVER, caFile: 'server/ca-root.pem' },
  station: { id: station, name: DEMO_STATION.name, keyFile: 'desk/station.key' },
  dataFolder: 'desk/data',
  readers,
  rendererFolder: join(ROOT, 'out/renderer'),
  cardTable: join(ROOT, 'resources/cards'),
})

function plan(stationKey: Uint8Array, cards: Map<string, DemoCard>): object {
  return {
    tenant: { name: DEMO_TENANT },
    divisions: [DEMO_DIVISION],
    offices: DEMO_OFFICES,
    stations: [{ ...DEMO_STATION, publicKey: Buffer.from(stationKey).toString('base64') }],
    operators: DEMO_OPERATORS.map((operator) => ({
      key: operator.key,
      name: operator.name,
      email: operator.email,
      grants: [
        {
          role: operator.role,
          scope: operator.office === null ? { kind: 'everything' } : { kind: 'office', key: operator.office },
        },
      ],
      card: { serial: String(operator.serial) },
      certificates: cards
        .get(operator.key)!
        .requests.map(({ slot, csr }) => ({ slot, csr: Buffer.from(csr).toString('base64') })),
    })),
  }
}

async function finishCards(cards: Map<string, DemoCard>, result: z.infer<typeof SetupResult>): Promise<void> {
  const expiresOn = new Date(Date.now() + 3 * 365 * 86_400_000).toISOString().slice(0, 10)
  for (const [key, card] of cards) {
    const issued = result.operators[key]?.certificates ?? {}
    const certificates = card.requests.map(({ slot }) => ({
      slot,
      der: new Uint8Array(Buffer.from(issued[slot] ?? '', 'base64')),
    }))
    await card.write(certificates, expiresOn)
  }
}

async function hasPkcs11(): Promise<boolean> {
  try {
    await import('pkcs11js')
    return true
  } catch {
    // Built by a compiler at installation; without one the software key store serves, and the start says so.
    return false
  }
}

/** One that nobody listens on now, and not `taken`. */
function freePort(taken?: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => {
        if (address === null || typeof address !== 'object') reject(new Error('no free port'))
        else resolve(address.port === taken ? freePort(taken) : address.port)
      })
    })
  })
}

const json = (file: string, value: unknown) =>
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
const secret = (file: string, text: string | Buffer) => writeFileSync(file, text, { mode: 0o600 })
