import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defaultManagementKey, padCode, readState } from '../../fakes/card/card-state.ts'
import { startPcscd, type PrivatePcscd, type RunResult } from '../../fakes/card/pcscd.ts'
import { createCardFile } from '../../fakes/card/virtual-card.ts'
import { skipReason } from './kit.ts'

const skip = skipReason()
const YUBICO = '/usr/bin/yubico-piv-tool'

describe.skipIf(skip !== null)('when other people’s tools work on a card from the factory', () => {
  let pcscd: PrivatePcscd
  let folder: string
  const file = (): string => join(folder, 'card.json')
  const insert = async (managementAlgorithm: number): Promise<void> => {
    createCardFile(file(), { label: 'card', serial: 70000007, managementAlgorithm })
    await pcscd.cards[0].insert(file())
    // pcscd asks the reader for its state twice a second.
    await vi.waitUntil(async () => (await pcscd.run('opensc-tool', ['--atr'])).code === 0, {
      interval: 100,
      timeout: 30_000,
    })
  }
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-tools-'))
    pcscd = await startPcscd()
  })
  afterEach(async () => {
    await pcscd.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it.each([
    ['3DES', 0x03],
    ['AES-128', 0x08],
    ['AES-192', 0x0a],
    ['AES-256', 0x0c],
  ])('piv-tool proves itself with a %s management key and makes a key on the card', async (_name, algorithm) => {
    await insert(algorithm)
    const key = join(folder, 'key')
    writeFileSync(key, defaultManagementKey(algorithm).replaceAll(/(..)(?!$)/g, '$1:'))
    const hex = algorithm.toString(16).padStart(2, '0').toUpperCase()
    // Some versions then fail to write the public key they got; what counts is on the card.
    await pcscd.run('piv-tool', ['--admin', `M:9B:${hex}`, '--genkey', '9A:11', '--out', join(folder, 'public')], {
      env: { PIV_EXT_AUTH_KEY: key },
    })
    expect(readState(file()).keys['9A']?.algorithm).toBe(0x11)
  })

  it('pkcs15-tool changes the PIN, blocks it and unblocks it', async () => {
    await insert(0x0a)
    const tool = (...args: string[]): Promise<RunResult> => pcscd.run('pkcs15-tool', [...args, '--auth-id', '01'])
    expect((await tool('--change-pin', '--pin', '123456', '--new-pin', '654321')).code).toBe(0)
    expect(readState(file()).pin.value).toBe(padCode('654321'))
    for (let i = 0; i < 3; i++) expect((await tool('--verify-pin', '--pin', '000000')).code).not.toBe(0)
    expect(readState(file()).pin.tries).toBe(0)
    expect((await tool('--unblock-pin', '--puk', '12345678', '--new-pin', '998877')).code).toBe(0)
    expect(readState(file()).pin).toEqual({ value: padCode('998877'), tries: 3, max: 3 })
  })

  it.skipIf(!existsSync(YUBICO))('yubico-piv-tool reads it and makes a key on it', async () => {
    await insert(0x03)
    const tool = (...args: string[]): Promise<RunResult> => pcscd.run(YUBICO, ['-r', pcscd.readers[0], ...args])
    const status = await tool('-a', 'status')
    expect(status.stdout).toMatch(/Serial Number:\s+70000007[^]*PIN tries left:\s+3/)
    const made = await tool('-a', 'generate', '-s', '9a', '-A', 'ECCP256')
    expect(made.stdout).toContain('BEGIN PUBLIC KEY')
    expect((await tool('-a', 'set-chuid')).code).toBe(0)
    expect(Object.keys(readState(file()).objects)).toEqual(['5FC102'])
  })
})
