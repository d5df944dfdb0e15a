import { describe, expect, it } from 'vitest'
import { CardChannel, encodeCommand, parseAnswer, type Command } from '../../../../main/cards/reader/apdu.ts'

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const toHex = (value: Uint8Array): string => Buffer.from(value).toString('hex')
const head = { ins: 0xcb, p1: 0x3f, p2: 0xff }

describe('when a command is encoded (ISO/IEC 7816-4 table 2)', () => {
  const rows: [string, Command, boolean, string][] = [
    ['case 1', head, false, '00cb3fff'],
    ['case 2 short', { ...head, le: 1 }, false, '00cb3fff 01'],
    ['case 2 short, all', { ...head, le: 256 }, false, '00cb3fff 00'],
    ['case 3 short', { ...head, data: bytes('aabb') }, false, '00cb3fff 02 aabb'],
    ['case 4 short', { ...head, data: bytes('aabb'), le: 256 }, false, '00cb3fff 02 aabb 00'],
    ['another class', { ...head, cla: 0x10 }, false, '10cb3fff'],
    ['case 2 extended', { ...head, le: 65536 }, true, '00cb3fff 00 0000'],
    ['case 2 extended, 258', { ...head, le: 258 }, true, '00cb3fff 00 0102'],
    ['case 3 extended', { ...head, data: bytes('aa') }, true, '00cb3fff 000001 aa'],
    ['case 4 extended', { ...head, data: bytes('aa'), le: 256 }, true, '00cb3fff 000001 aa 0100'],
  ]
  it.each(rows)('writes %s', (_name, command, extended, expected) => {
    expect(toHex(encodeCommand(command, extended))).toBe(expected.replaceAll(' ', ''))
  })
  it.each([
    ['256 bytes in short form', { ...head, data: Buffer.alloc(256) }, false],
    ['le 257 in short form', { ...head, le: 257 }, false],
    ['le 0', { ...head, le: 0 }, false],
    ['65536 bytes', { ...head, data: Buffer.alloc(65536) }, true],
    ['le 65537', { ...head, le: 65537 }, true],
  ] satisfies [string, Command, boolean][])('refuses %s', (_name, command, extended) => {
    expect(() => encodeCommand(command, extended)).toThrow(RangeError)
  })
})

describe('when an answer is parsed', () => {
  it.each([
    ['9000', '', 0x9000],
    ['aabb63c2', 'aabb', 0x63c2],
  ])('reads %s', (input, data, sw) => {
    const answer = parseAnswer(bytes(input))
    expect([toHex(answer.data), answer.sw]).toEqual([data, sw])
  })
  it.each(['', '90'])('refuses "%s"', (input) => {
    expect(() => parseAnswer(bytes(input))).toThrow('CARD_MUTE')
  })
})

describe('when a card is spoken to', () => {
  function scripted(answers: readonly string[]): { channel: CardChannel; sent: string[]; kept: Uint8Array[] } {
    const [sent, kept]: [string[], Uint8Array[]] = [[], []]
    let next = 0
    const channel = new CardChannel(async (command) => {
      sent.push(toHex(command))
      kept.push(command)
      return bytes(answers[next++] ?? '6f00')
    })
    return { channel, sent, kept }
  }

  it('fetches a long answer with GET RESPONSE', async () => {
    const { channel, sent } = scripted(['aa 6102', 'bbcc 6100', 'dd 9000'])
    const answer = await channel.send({ ...head, le: 256 })
    expect([toHex(answer.data), answer.sw]).toEqual(['aabbccdd', 0x9000])
    expect(sent).toEqual(['00cb3fff00', '00c0000002', '00c0000000'])
  })

  it('asks again with the length the card wants', async () => {
    const { channel, sent } = scripted(['6c04', '01020304 9000'])
    expect(toHex((await channel.send({ ...head, le: 256 })).data)).toBe('01020304')
    expect(sent[1]).toBe('00cb3fff04')
  })

  it('chains what is longer than 255 bytes', async () => {
    const { channel, sent } = scripted(['9000', '9000', 'ee 9000'])
    const answer = await channel.send({ ...head, data: Buffer.alloc(600, 0x11), le: 256 })
    expect(toHex(answer.data)).toBe('ee')
    expect(sent.map((one) => [one.slice(0, 2), one.length / 2])).toEqual([
      ['10', 260],
      ['10', 260],
      ['00', 96],
    ])
  })

  it('does not chain exactly 255 bytes', async () => {
    const { channel, sent } = scripted(['9000'])
    await channel.send({ ...head, data: Buffer.alloc(255) })
    expect(sent).toHaveLength(1)
  })

  it('stops a chain the card refuses', async () => {
    const { channel, sent } = scripted(['6884'])
    expect((await channel.send({ ...head, data: Buffer.alloc(600) })).sw).toBe(0x6884)
    expect(sent).toHaveLength(1)
  })

  it('uses extended length where it is told to', async () => {
    const sent: string[] = []
    const transmit = async (command: Uint8Array): Promise<Uint8Array> => {
      sent.push(toHex(command))
      return bytes('9000')
    }
    await new CardChannel(transmit, { extended: true }).send({ ...head, data: Buffer.alloc(300, 1) })
    expect(sent[0]?.slice(0, 14)).toBe('00cb3fff00012c')
  })

  it('gives up on a card that never ends', async () => {
    const channel = new CardChannel(async () => Buffer.concat([Buffer.alloc(256), bytes('6100')]))
    await expect(channel.send({ ...head, le: 256 })).rejects.toMatchObject({ detail: { reason: 'answer-too-long' } })
  })

  it('wipes the command, which may hold a PIN, also when sending failed', async () => {
    const { channel, kept } = scripted(['9000'])
    await channel.send({ ins: 0x20, p1: 0, p2: 0x80, data: bytes('3132333435363738') })
    expect(toHex(kept[0] ?? bytes('ff'))).toMatch(/^0+$/)
    const failing: Uint8Array[] = []
    const broken = new CardChannel((command) => {
      failing.push(command)
      return Promise.reject(new Error('gone'))
    })
    await expect(broken.send({ ins: 0x20, p1: 0, p2: 0x80, data: bytes('31') })).rejects.toThrow('gone')
    expect(toHex(failing[0] ?? bytes('ff'))).toMatch(/^0+$/)
  })
})
