import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inProcessPort, openCardStack } from '../../../../main/cards/index.ts'
import type { CardPort } from '../../../../main/services/ports.ts'
import { makeCardFolder, type CardFolder } from '../../../fakes/card/card-folder.ts'
import { seal } from './seal.ts'

const MODULE = fileURLToPath(new URL('./foreign-card.ts', import.meta.url))

describe('when a card is of another kind', () => {
  let folder: CardFolder
  let port: CardPort
  beforeEach(async () => {
    folder = makeCardFolder({ one: {} }, [{ name: 'A', card: 'one' }])
    const readers = { ...folder.config, module: MODULE }
    port = inProcessPort(await openCardStack({ readers }), { virtual: true })
  })
  afterEach(async () => {
    await port.close()
    folder.remove()
  })

  it('is shown as unknown, with its ATR, and nothing can be done with it', async () => {
    expect(await port.inspect('A')).toMatchObject({ state: 'unknown', atr: '3b00', card: null })
    const pin = await seal(await port.sealKey(), { use: 'pin', card: null, values: { pin: '123456' } })
    await expect(port.checkPin({ reader: 'A', pin })).rejects.toMatchObject({ code: 'CARD_UNKNOWN' })
    await expect(port.readCertificate({ reader: 'A', serial: 'AB', slot: '9A' })).rejects.toThrow('CARD_UNKNOWN')
    await port.reset('A')
    await port.reset('no such reader')
  })
})
