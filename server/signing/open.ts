import { AppError } from '../../shared/contract/errors.ts'
import { decodePem, parseCertificate, type Certificate } from '../../shared/pki/index.ts'
import { readFileSync } from 'node:fs'
import type { CaGateway, PublishedCrl } from '../ca/index.ts'
import type { KeyStore } from '../hsm/index.ts'
import type { TimestampClient } from '../timestamp/client.ts'
import type { SigningConfig } from './config.ts'
import { Lasting } from './lasting.ts'
import { RevocationAuthorities, type OwnList } from './revocation-words.ts'
import type { Signatures } from './signatures.ts'
import { ServerSignatures } from './server-signatures.ts'
import { SigningKey, type SigningKeyDeps } from './signing-key.ts'

export interface SignaturesParts {
  readonly config: SigningConfig
  readonly keys: KeyStore
  readonly ca: Pick<CaGateway, 'issue' | 'chain' | 'crls'> & { buildCrl(): Promise<PublishedCrl> }
  readonly findIssued: SigningKeyDeps['findIssued']
  /** Left out: no certificates of others are put in. */
  readonly findImported?: SigningKeyDeps['findImported']
  readonly stamps: Pick<TimestampClient, 'isConfigured' | 'anchors' | 'stampImprint'>
  readonly subject: SigningKeyDeps['subject']
  /** Left out: nothing is told of the key and its certificates. */
  readonly tell?: SigningKeyDeps['tell']
  readonly now?: () => Date
}

/** Wires this folder. Nothing is made or asked for yet. Throws CONFIG_INVALID where `trustFile` is not read. */
export function openSignatures(parts: SignaturesParts): Signatures & { readonly key: SigningKey } {
  const { config, keys, ca, findIssued, stamps, subject } = parts
  const clock = parts.now ? { now: parts.now } : {}
  const importAnchors = config.trustFile === undefined ? [] : readTrust(config.trustFile)
  const key = new SigningKey({
    config: config.key,
    keys,
    ca,
    findIssued,
    findImported: parts.findImported ?? (() => Promise.resolve([])),
    importAnchors,
    subject,
    ...(parts.tell ? { tell: parts.tell } : {}),
    ...clock,
  })
  const revocation = new RevocationAuthorities({ rules: config.revocation, own: () => ownLists(ca), ...clock })
  const lasting = new Lasting({ stamps, revocation, ...clock })
  const secondTrust = {
    anchors: async () => [...(await ca.chain()).slice(-1).map((der) => parseCertificate(der)), ...importAnchors],
    chain: () => ca.chain(),
    lists: async () => (await ca.crls()).map(({ der }) => der),
  }
  return new ServerSignatures({ key, lasting, secondTrust })
}

/** Lists of our own CA, taken from where it keeps them: of what it issued, and of itself. */
async function ownLists(ca: SignaturesParts['ca']): Promise<readonly OwnList[]> {
  const [issuing, root] = await ca.chain()
  const lists: OwnList[] = []
  if (issuing) {
    const list = async (since: Date): Promise<Uint8Array> => {
      const [current] = await ca.crls()
      // Lists count whole seconds.
      const isNew = current && current.thisUpdate.getTime() >= Math.floor(since.getTime() / 1000) * 1000
      return isNew ? current.der : (await ca.buildCrl()).der
    }
    lists.push({ issuer: issuing, list })
  }
  if (root) lists.push({ issuer: root, list: async () => rootList(await ca.crls()) })
  return lists
}

function rootList(lists: readonly PublishedCrl[]): Uint8Array {
  const root = lists.at(-1)
  if (!root) throw new AppError('CA_UNAVAILABLE', { reason: 'no-crl' })
  return root.der
}

function readTrust(file: string): readonly Certificate[] {
  try {
    return decodePem('CERTIFICATE', readFileSync(file, 'utf8')).map((der) => parseCertificate(der))
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { reason: 'trust-unreadable', path: 'signing.trustFile' }, { cause })
  }
}
