import type { InternalCa } from './ca/index.ts'
import type { ServerConfig } from './config.ts'
import type { KeyStore } from './hsm/index.ts'
import type { ServiceDeps } from './services/deps.ts'
import { openSignatures, type Signatures } from './signing/index.ts'
import { authoritiesOf, TimestampClient } from './timestamp/client.ts'

/** Signatures of exports: with a key of our key store, its certificate of our CA, and the authorities of the configuration. */
export const openExportSigning = (parts: {
  readonly config: ServerConfig
  readonly keys: KeyStore
  readonly ca: InternalCa
  readonly findIssued: ServiceDeps['findIssued']
}): Signatures => {
  const { config, keys, ca, findIssued } = parts
  return openSignatures({
    config: config.signing,
    keys,
    ca,
    findIssued,
    stamps: new TimestampClient({ authorities: authoritiesOf(config.timestamping.authorities) }),
    subject: {
      commonName: `${config.tenant} export`.slice(0, 64),
      organization: config.ca.organization,
      country: config.ca.country,
    },
  })
}
