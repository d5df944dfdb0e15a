import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeOperatorCard } from '../../../main/launch/demo-cards.ts'
import type { DemoInstance } from '../../../main/launch/demo.ts'
import { runScript } from '../../../main/launch/processes.ts'
import { openssl } from './openssl.ts'

export const MORE_PIN = '314159'
const DAY_MS = 86_400_000

/** Officers whose cards must not open the desk; their cards are named after their keys. The server must not run. */
export async function makeUnwelcomeOfficers(instance: DemoInstance): Promise<void> {
  const readers = join(instance.folder, 'readers')
  const make = (key: string, name: string, serial: number) =>
    makeOperatorCard(readers, { key, name, serial, pin: MORE_PIN })
  const expired = await make('expired', 'Sara Leone', 10_000_005)
  const revoked = await make('revoked', 'Ugo Serra', 10_000_006)
  const foreign = await make('foreign', 'Vera Costa', 10_000_007)
  const later = new Date(Date.now() + 3 * 365 * DAY_MS).toISOString().slice(0, 10)
  const officer = { grants: [{ role: 'RO', scope: { kind: 'office', key: 'rome' } }] }
  const requests = (card: typeof expired) =>
    card.requests.map(({ slot, csr }) => ({ slot, csr: Buffer.from(csr).toString('base64') }))

  const planFile = join(instance.folder, 'plan-more.json')
  const plan = JSON.parse(readFileSync(join(instance.folder, 'plan.json'), 'utf8')) as { operators: object[] }
  const yesterday = new Date(Date.now() - DAY_MS).toISOString()
  plan.operators.push(
    {
      ...officer,
      key: 'expired',
      name: 'Sara Leone',
      card: { serial: '10000005' },
      certificates: requests(expired),
      validity: { notAfter: yesterday },
    },
    { ...officer, key: 'revoked', name: 'Ugo Serra', card: { serial: '10000006' }, certificates: requests(revoked) },
  )
  writeFileSync(planFile, JSON.stringify(plan))
  const shell = (...args: string[]) => runScript('server/shell/index.ts', ['--config', instance.serverConfig, ...args])
  const out = join(instance.folder, 'setup-more.json')
  await shell('setup', '--plan', planFile, '--out', out)
  const { operators } = JSON.parse(readFileSync(out, 'utf8')) as {
    operators: Record<string, { certificates: Record<string, string>; serials: Record<string, string> }>
  }
  for (const [key, card] of Object.entries({ expired, revoked })) {
    const { certificates } = operators[key]!
    await card.write(
      card.requests.map(({ slot }) => ({ slot, der: Buffer.from(certificates[slot]!, 'base64') })),
      later,
    )
  }
  await shell('certificate', 'revoke', '--serial', operators['revoked']!.serials['9A']!, '--reason', 'keyCompromise')
  await foreign.write(
    foreign.requests.map(({ slot, csr }) => ({ slot, der: issueElsewhere(instance.folder, csr) })),
    later,
  )
}

/** A certificate of an authority that the server does not know, made by openssl. */
function issueElsewhere(folder: string, csr: Uint8Array): Uint8Array {
  const at = (name: string) => join(folder, `elsewhere-${name}`)
  const authority = ['-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=Another Authority', '-days', '30']
  openssl(['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...authority])
  writeFileSync(at('csr.der'), csr)
  writeFileSync(at('ext'), 'keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n')
  const ca = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '30', '-extfile', at('ext')]
  openssl(['x509', '-req', '-inform', 'DER', '-in', at('csr.der'), ...ca, '-outform', 'DER', '-out', at('crt.der')])
  return readFileSync(at('crt.der'))
}
