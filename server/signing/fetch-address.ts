import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { AppError } from '../../shared/contract/errors.ts'

// RFC 6890 and its registries: what is not an address of the public internet.
const PRIVATE = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4')
}
// Of IPv6 only global unicast is public, and of that not what holds another address inside or is for documents.
const GLOBAL = new BlockList()
GLOBAL.addSubnet('2000::', 3, 'ipv6')
const TUNNELS = new BlockList()
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  TUNNELS.addSubnet(network, prefix, 'ipv6')
}

/** Is it an address of the public internet? Addresses of IPv4 inside IPv6 are not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return !PRIVATE.check(address, 'ipv4')
  return family === 6 && GLOBAL.check(address, 'ipv6') && !TUNNELS.check(address, 'ipv6')
}

export interface FetchRules {
  /** Hosts, or hosts with a port, lower case. */
  readonly hosts: readonly string[]
  readonly privateAddresses: boolean
  readonly timeoutMs: number
  readonly maxBytes: number
}

export const fetchRefused = (reason: string, host: string, cause?: unknown): AppError =>
  new AppError('SIGNING_REVOCATION_UNAVAILABLE', { reason, host }, { cause })

/** May the URL be asked at all? Certificates, which anybody can make, name it. Gives why not. */
export function refusalOf(url: string, { hosts }: Pick<FetchRules, 'hosts'>): string | null {
  if (!URL.canParse(url)) return 'url'
  const { protocol, username, password, host, hostname, port } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') return 'scheme'
  if (username !== '' || password !== '') return 'credentials'
  // With a port of its own it must be named with it: an open host is not an open machine.
  return hosts.includes(port === '' ? hostname : host) ? null : 'host-not-allowed'
}

/**
 * The one address that is connected to: it is looked up once and checked, so that a name cannot point elsewhere between
 * check and use. Throws SIGNING_REVOCATION_UNAVAILABLE `unknown-host`, `private-address`.
 */
export async function addressOf(
  hostname: string,
  { privateAddresses }: Pick<FetchRules, 'privateAddresses'>,
): Promise<{ readonly address: string; readonly family: 4 | 6 }> {
  const bare = hostname.replace(/^\[|\]$/g, '')
  const found = isIP(bare) === 0 ? await resolve(bare, hostname) : [bare]
  const [address] = found
  if (address === undefined) throw fetchRefused('unknown-host', hostname)
  if (!privateAddresses && !found.every(isPublicAddress)) throw fetchRefused('private-address', hostname)
  return { address, family: isIP(address) === 6 ? 6 : 4 }
}

async function resolve(name: string, host: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address)
  } catch (cause) {
    throw fetchRefused('unknown-host', host, cause)
  }
}
