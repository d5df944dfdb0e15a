import { readFileSync } from 'node:fs'
import { AppError } from '../../shared/contract/index.ts'
import { readSecretFile } from '../hsm/secret-file.ts'
import { readKeyFile } from '../hsm/software/import-key.ts'
import { SoftwareKeyStore } from '../hsm/software/key-store.ts'
import { keyFingerprint } from '../services/keys.ts'
import { need, type Command } from './command.ts'
import { freeLabel } from './keys-labels.ts'
import { recordKeyAct } from './keys-record.ts'
import { facts } from './print.ts'

const read = (file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new AppError('REQUEST_INVALID', { path: '--file', reason: 'unreadable' }, { cause })
  }
}

const importKey: Command = {
  access: 'read',
  summary:
    'take a key from --file (PKCS #12, encrypted PKCS #8) and --passphrase-file into the software store as --label',
  run: async (ground, values) => {
    const label = freeLabel(need(values, 'label'))
    const bytes = read(need(values, 'file'))
    const passphrase = await readSecretFile(need(values, 'passphrase-file'), 'passphrase-missing')
    const keys = await ground.keys()
    // A key that was once outside is no key of an HSM: it is made there, and its certificate asked for.
    if (!(keys instanceof SoftwareKeyStore)) throw new AppError('REQUEST_INVALID', { path: 'keys', reason: 'hsm' })
    const { pkcs8, certificates } = readKeyFile(bytes, passphrase)
    const signer = await keys.importKey(label, pkcs8)
    const id = keyFingerprint(signer.publicKeySpki())
    const { algorithm, kind } = signer
    await recordKeyAct(ground, {
      action: 'Insertion',
      id,
      after: { id, name: label, algorithm, keyStore: kind, source: 'file' },
    })
    const value = { label, algorithm, kind, id, certificates: certificates.length }
    return { value, text: facts(Object.entries(value)) }
  },
}

export const KEYS_IMPORT_COMMANDS: Readonly<Record<string, Command>> = { 'keys import': importKey }
