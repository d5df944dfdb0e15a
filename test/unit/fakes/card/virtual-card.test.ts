import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { factoryState, readState } from '../../../fakes/card/card-state.ts'
import { createCardFile, describeCardFile, openVirtualCard, VirtualCard } from '../../../fakes/card/virtual-card.ts'

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const SELECT = '00a40400 05 a000000308'
let card: VirtualCard
const send = async (hex: string): Promise<string> => Buffer.from(await card.transmit(bytes(hex))).toString('hex')
beforeEach(() => {
  card = new VirtualCard(factoryState({ serial: 0x01020304 }))
})

describe('when the card gets a command', () => {
  it.each([
    ['nothing of a command', '00a4', '6700'],
    ['a length that does not add up', '00200080 08 3132', '6700'],
    ['a length that adds up to too little', '00200080 02 31323334', '6700'],
    ['another class', '80a40400 05 a000000308', '6e00'],
    ['an instruction it has not', '00b00000', '6d00'],
    ['another application', '00a40400 05 a000000309', '6a82'],
    ['GET RESPONSE with nothing to give', '00c0000000', '6985'],
    ['VERIFY of a reference it has not', '00200081', '6a88'],
    ['VERIFY with no PIN', '00200080', '63c3'],
    ['a PIN of the wrong length', '00200080 02 3132', '6a80'],
    ['GENERATE without authority', '0047009a 05 ac03800111', '6982'],
    ['PUT DATA without authority', '00db3fff 08 5c035fc102530142', '6982'],
    ['broken TLV', '00cb3fff 03 5c0a5f', '6a80'],
    ['the serial', '00f80000 00', '010203049000'],
    ['the version', '00fd0000 00', '0507019000'],
    ['an extended command', '00a40400 000005 a000000308', /^61.*9000$/],
  ])('answers %s', async (_name, command, expected) => {
    expect(await send(command)).toMatch(expected instanceof RegExp ? expected : new RegExp(`^${expected}$`))
  })

  it('has no vendor commands where it was made without', async () => {
    card = new VirtualCard(factoryState({ vendor: false }))
    for (const ins of ['f7', 'f8', 'fa', 'fb', 'fd', 'ff']) expect(await send(`00${ins}0080`)).toBe('6d00')
  })

  it('drops a chain another command comes into', async () => {
    await send(SELECT)
    expect(await send('10db3fff 02 aabb')).toBe('9000')
    expect(await send('00200080')).toBe('63c3')
    expect(await send('00db3fff 02 aabb')).toBe('6982')
  })

  it('keeps the security status through a SELECT of something else, drops it at its own', async () => {
    await send('00200080 08 313233343536ffff')
    await send('00a40400 05 a000000309')
    expect(await send('00200080')).toBe('9000')
    await send(SELECT)
    expect(await send('00200080')).toBe('63c3')
  })
})

describe('when a fault is asked for', () => {
  it('is pulled before the command, or after it was done', async () => {
    card.pullOn((command) => command[1] === 0x20)
    await expect(card.transmit(bytes('00200080 08 3030303030303030'))).rejects.toMatchObject({ name: 'CardPulled' })
    expect(card.state.pin.tries).toBe(3)
    card.pullOn((command) => command[1] === 0x20, true)
    await expect(card.transmit(bytes('00200080 08 3030303030303030'))).rejects.toMatchObject({ name: 'CardPulled' })
    expect(card.state.pin.tries).toBe(2)
    expect(await send('00200080')).toBe('63c2')
  })

  it('lets as many matching commands pass as told', async () => {
    card.setFaults({ delayMs: 0, mute: false, pullOn: { ins: '20', skip: 2, after: false } })
    expect([await send('00200080'), await send('00200080')]).toEqual(['63c3', '63c3'])
    await expect(card.transmit(bytes('00200080'))).rejects.toMatchObject({ name: 'CardPulled' })
  })

  it('waits before it answers, or does not answer', async () => {
    card.delayMs = 30
    const at = performance.now()
    await send('00200080')
    expect(performance.now() - at).toBeGreaterThan(25)
    card.mute = true
    const first = await Promise.race([send('00200080'), new Promise((resolve) => setTimeout(resolve, 50, 'nothing'))])
    expect(first).toBe('nothing')
  })
})

describe('when the card lives in a file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-card-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('has its state there before the answer leaves, a spent try included, and leaves nothing beside', async () => {
    const file = join(folder, 'one.json')
    createCardFile(file, { label: 'One', serial: 77 })
    expect(describeCardFile(file)).toEqual({ label: 'One', serial: '77', blank: true })
    const first = openVirtualCard(file)
    await first.transmit(bytes('00200080 08 3030303030303030'))
    expect(readState(file).pin.tries).toBe(2)
    const second = openVirtualCard(file)
    expect(Buffer.from(await second.transmit(bytes('00200080'))).toString('hex')).toBe('63c2')
    expect(readdirSync(folder)).toEqual(['one.json'])
    expect(() => createCardFile(file, { label: 'Two' })).toThrow('already')
  })
})
