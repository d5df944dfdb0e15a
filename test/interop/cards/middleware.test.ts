import { createHash, createPublicKey, verify, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openscModule } from '../../fakes/card/missing-parts.ts'
import { Bench, PIN, PUK, skipReason } from './kit.ts'

const skip = skipReason()
const data = Buffer.from('signed by the card')

describe.skipIf(skip !== null).each(['ecdsa-p256', 'ecdsa-p384', 'rsa-2048'] as const)(
  'when our worker personalised a card with %s through pcscd',
  (algorithm) => {
    let bench: Bench
    let folder: string
    const module = openscModule() ?? ''
    const pkcs11 = (args: readonly string[]): ReturnType<Bench['pcscd']['run']> =>
      bench.pcscd.run('pkcs11-tool', ['--module', module, ...args])
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'countersign-sign-'))
      bench = await Bench.start()
      await bench.insert()
      await bench.personalise(algorithm)
    })
    afterAll(async () => {
      await bench.stop()
      rmSync(folder, { recursive: true, force: true })
    })
    const certificate = async (slot: '9A' | '9C'): Promise<X509Certificate> => {
      const view = await bench.port.inspect(bench.reader)
      const der = view.card?.certificates.find((one) => one.slot === slot)?.der ?? ''
      return new X509Certificate(Buffer.from(der, 'base64'))
    }

    it('is a PIV card to opensc-tool', async () => {
      const { stdout } = await bench.pcscd.run('opensc-tool', ['--name'])
      expect(stdout).toContain('Personal Identity Verification Card')
    })

    it('is known to piv-tool, with the serial of its CHUID', async () => {
      const { stdout, code } = await bench.pcscd.run('piv-tool', ['--serial'])
      expect(code).toBe(0)
      expect(stdout.replaceAll(/[^0-9A-F]/gi, '')).toContain('0F0F0F0F0F0F0F0F')
    })

    it('shows both certificates and takes the PIN in pkcs15-tool', async () => {
      const listed = await bench.pcscd.run('pkcs15-tool', ['--list-certificates'])
      expect(listed.stdout).toContain('Certificate for PIV Authentication')
      expect(listed.stdout).toContain('Certificate for Digital Signature')
      const accepted = await bench.pcscd.run('pkcs15-tool', ['--verify-pin', '--auth-id', '01', '--pin', PIN])
      expect(accepted.code, accepted.stderr).toBe(0)
    })

    it('signs with pkcs11-tool, on 9A and 9C, what its certificate verifies', async () => {
      for (const [slot, id] of [
        ['9A', '01'],
        ['9C', '02'],
      ] as const) {
        const [input, output] = [join(folder, `in-${slot}`), join(folder, `out-${slot}`)]
        writeFileSync(input, data)
        const rsa = algorithm === 'rsa-2048'
        // The card hashes nothing: ECDSA gets the digest.
        const hash = algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256'
        if (!rsa) writeFileSync(input, createHash(hash).update(data).digest())
        const mechanism = rsa ? ['SHA256-RSA-PKCS'] : ['ECDSA', '--signature-format', 'openssl']
        const base = ['--login', '--pin', PIN, '--sign', '--id', id, '--mechanism', ...mechanism]
        const done = await pkcs11([...base, '--input-file', input, '--output-file', output])
        expect(done.code, done.stderr).toBe(0)
        const key = createPublicKey((await certificate(slot)).publicKey.export({ format: 'pem', type: 'spki' }))
        expect(verify(hash, data, key, readFileSync(output))).toBe(true)
      }
    })

    it.each(['piv', 'pkcs11'] as const)('signs in our worker by way of %s, on 9A and 9C', async (via) => {
      expect(await bench.port.keyPaths()).toEqual(['piv', 'pkcs11'])
      for (const slot of ['9A', '9C'] as const) {
        const pin = await bench.seal('pin', { pin: PIN })
        const done = await bench.port.sign({ reader: bench.reader, via, slot, pin, data })
        const expected = await certificate(slot)
        expect(Buffer.from(done.certificate)).toEqual(expected.raw)
        expect(done.algorithm).toBe(algorithm)
        const hash = algorithm === 'ecdsa-p384' ? 'sha384' : 'sha256'
        expect(verify(hash, data, expected.publicKey, done.signature)).toBe(true)
      }
    })

    it('leaves nothing verified on the card after either', async () => {
      for (const via of ['piv', 'pkcs11'] as const) {
        const pin = await bench.seal('pin', { pin: PIN })
        await bench.port.sign({ reader: bench.reader, via, slot: '9A', pin, data })
        const asked = await bench.pcscd.run('opensc-tool', [
          '--send-apdu',
          '00:A4:04:00:05:A0:00:00:03:08',
          '--send-apdu',
          '00:20:00:80',
        ])
        expect(asked.stdout).toContain('SW1=0x63, SW2=0xC3')
      }
    })

    it.each(['piv', 'pkcs11'] as const)('tells a wrong PIN and the tries left by way of %s', async (via) => {
      const pin = await bench.seal('pin', { pin: '99999999' })
      const call = bench.port.sign({ reader: bench.reader, via, slot: '9A', pin, data })
      await expect(call).rejects.toMatchObject({ code: 'CARD_PIN_WRONG', detail: { triesLeft: 2 } })
      expect((await bench.port.inspect(bench.reader)).card?.pinTries).toBe(2)
      await bench.port.checkPin({ reader: bench.reader, pin: await bench.seal('pin', { pin: PIN }) })
      expect((await bench.port.inspect(bench.reader)).card?.pinTries).toBe(3)
    })

    it('takes in pkcs15-tool the new PIN our unblocking set', async () => {
      const puk = await bench.seal('puk', { puk: PUK })
      const newPin = await bench.seal('new-pin', { newPin: '77665544' }, null)
      await bench.port.unblock({ reader: bench.reader, serial: '40000004', puk, newPin })
      const old = await bench.pcscd.run('pkcs15-tool', ['--verify-pin', '--auth-id', '01', '--pin', PIN])
      expect(old.code).not.toBe(0)
      const fresh = await bench.pcscd.run('pkcs15-tool', ['--verify-pin', '--auth-id', '01', '--pin', '77665544'])
      expect(fresh.code, fresh.stderr).toBe(0)
    })
  },
)
