import { spawnSync } from 'node:child_process'
import { verify, createPublicKey, constants } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findSoftHsmLibrary, initSoftHsmToken, openKeyStore, type KeyStore } from '../../../server/hsm/index.ts'
import { encodePem, hashOf, type KeyAlgorithm, type SignatureAlgorithm } from '../../../shared/pki/index.ts'
import { describeWith } from '../../parts.ts'
import { OpensslFolder } from '../pki/openssl.ts'

const folder = new OpensslFolder()
afterAll(() => folder.remove())
const ALGORITHMS: readonly KeyAlgorithm[] = [
  'ecdsa-p256',
  'ecdsa-p384',
  'ecdsa-p521',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ed25519',
]
const data = new TextEncoder().encode('signed in the token\n')

describeWith(['softhsm2', 'opensc'], 'when keys of a token are looked at by other tools', () => {
  const libraryPath = findSoftHsmLibrary() ?? ''
  const pinFile = folder.file('pin')
  const tokenDir = folder.file('tokens')
  let keys: KeyStore
  beforeAll(async () => {
    await initSoftHsmToken({ libraryPath, tokenDir, label: 'interop', pinFile, soPinFile: folder.file('so-pin') })
    keys = await openKeyStore({ kind: 'hsm', libraryPath, tokenLabel: 'interop', pinFile, softHsmTokenDir: tokenDir })
  })
  afterAll(() => keys.close())

  const pkcs11Tool = (...words: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(
      'pkcs11-tool',
      ['--module', libraryPath, '--token-label', 'interop', '--login', '--pin', 'env:TOKEN_PIN', ...words],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          SOFTHSM2_CONF: join(tokenDir, 'softhsm2.conf'),
          TOKEN_PIN: readFileSync(pinFile, 'utf8').trim(),
        },
      },
    )
    if (status !== 0) throw new Error(`${stdout}${stderr}`)
    return stdout
  }

  /** What OpenSSL says of a signature; throws where it refuses. */
  const openssl = (algorithm: SignatureAlgorithm, signature: Uint8Array, spki: Uint8Array): string => {
    const key = folder.write('key.pem', encodePem('PUBLIC KEY', spki))
    const [signatureFile, dataFile] = [folder.write('signature', signature), folder.write('data', data)]
    const hash = hashOf(algorithm)
    if (!hash) {
      const words = ['pkeyutl', '-verify', '-pubin', '-inkey', key, '-rawin', '-in', dataFile]
      return folder.run(...words, '-sigfile', signatureFile)
    }
    const pss = algorithm.startsWith('rsa-pss-')
      ? ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest', '-sigopt', `rsa_mgf1_md:${hash}`]
      : []
    return folder.run('dgst', `-${hash}`, ...pss, '-verify', key, '-signature', signatureFile, dataFile)
  }

  it.each(ALGORITHMS)('every signature of %s is one for OpenSSL and for Node', async (algorithm) => {
    const signer = await keys.generate(`key.${algorithm}`, algorithm)
    const spki = signer.publicKeySpki()
    const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
    expect(signer.signatures.length).toBeGreaterThan(0)
    for (const chosen of signer.signatures) {
      const signature = await signer.sign(data, chosen)
      expect(openssl(chosen, signature, spki)).toMatch(/Verified OK|Signature Verified Successfully/)
      const padding = chosen.startsWith('rsa-pss-')
        ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        : {}
      expect(verify(hashOf(chosen), data, { key, ...padding }, signature)).toBe(true)
    }
  })

  it('says of a key we made that it never leaves the token', async () => {
    await keys.generate('guarded', 'ecdsa-p256')
    const shown = pkcs11Tool('--list-objects', '--type', 'privkey', '--label', 'guarded')
    expect(shown).toMatch(/Access:.*sensitive.*never extractable/)
    expect(shown).toMatch(/Usage:.*sign/)
  })

  it.each([
    ['EC:secp384r1', 'ecdsa-p384', 'a1b2'],
    ['rsa:3072', 'rsa-3072', '00ff01'],
  ] as const)('signs with a key of another tool, found by its id: %s', async (type, algorithm, id) => {
    pkcs11Tool('--keypairgen', '--key-type', type, '--label', `Firma ${type}`, '--id', id, '--usage-sign')
    const entry = (await keys.list()).find((one) => one.id === id)
    expect(entry).toMatchObject({ label: `id:${id}`, algorithm })
    const signer = await keys.signer(`id:${id}`)
    const [usual] = signer.signatures
    const signature = await signer.sign(data)
    expect(openssl(usual ?? 'ed25519', signature, signer.publicKeySpki())).toContain('Verified OK')
  })
})
