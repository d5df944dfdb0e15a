import { randomBytes, timingSafeEqual } from 'node:crypto'
import { CURVES, ecdh, ecdsaRaw, makeKey, managementCrypt, publicTemplate, RSA_2048, rsaRaw } from './card-keys.ts'
import {
  defaultManagementKey,
  factoryState,
  MANAGEMENT_CIPHERS,
  padCode,
  DEFAULT_PIN,
  DEFAULT_PUK,
  type CardState,
  type Code,
} from './card-state.ts'
import { put, take } from './card-tlv.ts'

/** Thrown inside the applet; becomes the status word of the answer. */
export class Status extends Error {
  readonly sw: number
  constructor(sw: number) {
    super(sw.toString(16))
    this.sw = sw
  }
}
const refuse = (sw: number): never => {
  throw new Status(sw)
}
const EMPTY = Buffer.alloc(0)
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const AID = hex('a000000308000010000100')
const PROPERTIES = put(
  0x61,
  put(0x4f, hex('000010000100')),
  put(0x79, put(0x4f, hex('a000000308'))),
  put(0x50, Buffer.from('Countersign virtual PIV card')),
)
const SLOTS = new Set([0x9a, 0x9c, 0x9d, 0x9e, ...Array.from({ length: 20 }, (_, i) => 0x82 + i)])
const PRINTED_INFORMATION = '5FC109'
const DISCOVERY = '7E'
const slotName = (ref: number): string => ref.toString(16).toUpperCase().padStart(2, '0')

/**
 * The PIV card application (NIST SP 800-73-4 part 2) on one card's state, with the de-facto vendor commands.
 * `changed` is called after each change of the state, before the answer leaves.
 */
export class PivApplet {
  readonly #state: CardState
  readonly #changed: () => void
  #pinVerified = false
  /** A PIN was verified by the command just before: what 9C asks for ("PIN always"). */
  #pinFresh = false
  #authenticated = false
  #witness: Buffer | null = null
  #challenge: Buffer | null = null

  constructor(state: CardState, changed: () => void) {
    this.#state = state
    this.#changed = changed
  }

  reset(): void {
    this.#pinVerified = this.#pinFresh = this.#authenticated = false
    this.#witness = this.#challenge = null
  }

  /** One whole command (chaining already joined). Throws `Status`. */
  async command(ins: number, p1: number, p2: number, data: Buffer): Promise<Buffer> {
    const fresh = this.#pinFresh
    this.#pinFresh = false
    switch (ins) {
      case 0xa4:
        return this.#select(p1, data)
      case 0xcb:
        return this.#getData(p1, p2, data)
      case 0xdb:
        return this.#putData(p1, p2, data)
      case 0x20:
        return this.#verify(p1, p2, data)
      case 0x24:
        return this.#changeReference(p1, p2, data)
      case 0x2c:
        return this.#resetRetryCounter(p1, p2, data)
      case 0x87:
        return p2 === 0x9b ? this.#authenticateManagement(p1, data) : this.#useKey(p1, p2, data, fresh)
      case 0x47:
        return this.#generate(p2, data)
      default:
        return this.#state.vendor ? this.#vendorCommand(ins, p1, p2, data) : refuse(0x6d00)
    }
  }

  #select(p1: number, data: Buffer): Buffer {
    if (p1 !== 0x04) refuse(0x6a86)
    // §3.1.1: a SELECT of another application leaves this one selected, its security status as it was.
    if (data.length < 5 || !AID.subarray(0, data.length).equals(data)) refuse(0x6a82)
    this.reset()
    return PROPERTIES
  }

  #getData(p1: number, p2: number, data: Buffer): Buffer {
    if (p1 !== 0x3f || p2 !== 0xff) refuse(0x6a86)
    const id = (take(data).get(0x5c) ?? refuse(0x6a80)).toString('hex').toUpperCase()
    if (id === DISCOVERY) return put(0x7e, put(0x4f, AID), put(0x5f2f, hex('4000')))
    if (id === PRINTED_INFORMATION && !this.#pinVerified) refuse(0x6982)
    const value = this.#state.objects[id]
    if (value === undefined || value === '') return refuse(0x6a82)
    return put(0x53, hex(value))
  }

  #putData(p1: number, p2: number, data: Buffer): Buffer {
    if (p1 !== 0x3f || p2 !== 0xff) refuse(0x6a86)
    this.#needManagement()
    const fields = take(data)
    const id = (fields.get(0x5c) ?? refuse(0x6a80)).toString('hex').toUpperCase()
    const value = fields.get(0x53) ?? refuse(0x6a80)
    if (value.length > 3063) refuse(0x6a84)
    if (value.length === 0) delete this.#state.objects[id]
    else this.#state.objects[id] = value.toString('hex')
    this.#changed()
    return EMPTY
  }

  /** Counts the try before comparing, durable: pulling the card after a wrong code gives no try back. */
  #check(code: Code, given: Buffer): void {
    if (code.tries === 0) refuse(0x6983)
    if (given.length !== 8) refuse(0x6a80)
    code.tries--
    this.#changed()
    if (!timingSafeEqual(hex(code.value), given)) refuse(code.tries === 0 ? 0x6983 : 0x63c0 | code.tries)
    code.tries = code.max
    this.#changed()
  }

  #verify(p1: number, p2: number, data: Buffer): Buffer {
    if (p2 !== 0x80) refuse(0x6a88)
    if (p1 === 0xff) {
      this.#pinVerified = false
      return EMPTY
    }
    if (p1 !== 0) refuse(0x6a86)
    const { pin } = this.#state
    if (data.length === 0) return this.#pinVerified ? EMPTY : refuse(pin.tries === 0 ? 0x6983 : 0x63c0 | pin.tries)
    this.#pinVerified = false
    this.#check(pin, data)
    this.#pinVerified = this.#pinFresh = true
    return EMPTY
  }

  #changeReference(p1: number, p2: number, data: Buffer): Buffer {
    if (p1 !== 0) refuse(0x6a86)
    if (p2 !== 0x80 && p2 !== 0x81) refuse(0x6a88)
    if (data.length !== 16) refuse(0x6a80)
    const code = p2 === 0x80 ? this.#state.pin : this.#state.puk
    this.#check(code, data.subarray(0, 8))
    code.value = data.subarray(8).toString('hex')
    this.#changed()
    if (p2 === 0x80) this.#pinVerified = true
    return EMPTY
  }

  #resetRetryCounter(p1: number, p2: number, data: Buffer): Buffer {
    if (p1 !== 0 || p2 !== 0x80) refuse(0x6a88)
    if (data.length !== 16) refuse(0x6a80)
    this.#check(this.#state.puk, data.subarray(0, 8))
    const { pin } = this.#state
    pin.value = data.subarray(8).toString('hex')
    pin.tries = pin.max
    this.#changed()
    return EMPTY
  }

  /** Mutual (witness and challenge) and one-sided (challenge only) authentication, part 2 §3.2.4 and appendix A. */
  #authenticateManagement(given: number, data: Buffer): Buffer {
    const { algorithm, key } = this.#state.managementKey
    if ((given === 0 ? 3 : given) !== algorithm) refuse(0x6a86)
    const fields = take(take(data).get(0x7c) ?? refuse(0x6a80))
    const [witness, challenge, response] = [fields.get(0x80), fields.get(0x81), fields.get(0x82)]
    const block = MANAGEMENT_CIPHERS[algorithm]?.block ?? 16
    const crypt = (direction: 'encrypt' | 'decrypt', bytes: Buffer): Buffer =>
      bytes.length === block ? managementCrypt(algorithm, key, direction, bytes) : refuse(0x6a80)
    if (witness?.length === 0) {
      this.#witness = randomBytes(block)
      return put(0x7c, put(0x80, crypt('encrypt', this.#witness)))
    }
    if (witness !== undefined && challenge !== undefined) {
      const known = this.#witness?.equals(witness) ?? false
      this.#witness = null
      if (!known) refuse(0x6982)
      this.#authenticated = true
      return put(0x7c, put(0x82, crypt('encrypt', challenge)))
    }
    if (challenge?.length === 0) {
      this.#challenge = randomBytes(block)
      return put(0x7c, put(0x81, this.#challenge))
    }
    if (response === undefined) return refuse(0x6a80)
    const known = this.#challenge !== null && crypt('encrypt', this.#challenge).equals(response)
    this.#challenge = null
    if (!known) refuse(0x6982)
    this.#authenticated = true
    return EMPTY
  }

  #useKey(algorithm: number, ref: number, data: Buffer, fresh: boolean): Buffer {
    const key = this.#state.keys[slotName(ref)]
    if (key === undefined) return refuse(0x6a88)
    if (key.algorithm !== algorithm) refuse(0x6a86)
    if (ref === 0x9c ? !fresh : ref !== 0x9e && !this.#pinVerified) refuse(0x6982)
    const fields = take(take(data).get(0x7c) ?? refuse(0x6a80))
    const [challenge, point] = [fields.get(0x81), fields.get(0x85)]
    const answer = (bytes: Buffer): Buffer => put(0x7c, put(0x82, bytes))
    if (algorithm === RSA_2048) return challenge?.length === 256 ? answer(rsaRaw(key.pkcs8, challenge)) : refuse(0x6a80)
    if (point !== undefined) return answer(ecdh(algorithm, key.pkcs8, point))
    if (challenge === undefined || challenge.length > (CURVES[algorithm]?.bytes ?? 0)) return refuse(0x6a80)
    return answer(ecdsaRaw(algorithm, key.pkcs8, challenge))
  }

  async #generate(ref: number, data: Buffer): Promise<Buffer> {
    this.#needManagement()
    if (!SLOTS.has(ref)) refuse(0x6a86)
    const fields = take(take(data).get(0xac) ?? refuse(0x6a80))
    const algorithm = fields.get(0x80)?.[0] ?? 0
    const pkcs8 = await makeKey(algorithm)
    if (pkcs8 === null) return refuse(0x6a80)
    this.#state.keys[slotName(ref)] = { algorithm, pkcs8 }
    this.#changed()
    return publicTemplate(pkcs8)
  }

  #vendorCommand(ins: number, p1: number, p2: number, data: Buffer): Buffer {
    switch (ins) {
      case 0xfd:
        return Buffer.from(this.#state.version)
      case 0xf8: {
        const serial = Buffer.alloc(4)
        serial.writeUInt32BE(this.#state.serial)
        return serial
      }
      case 0xf7:
        return this.#metadata(p2)
      case 0xff:
        return this.#setManagementKey(data)
      case 0xfa:
        return this.#setRetries(p1, p2)
      case 0xfb:
        return this.#factoryReset()
      default:
        return refuse(0x6d00)
    }
  }

  #metadata(ref: number): Buffer {
    const flag = (value: boolean): Buffer => Buffer.from([value ? 1 : 0])
    if (ref === 0x80 || ref === 0x81) {
      const code = ref === 0x80 ? this.#state.pin : this.#state.puk
      const factory = code.value === padCode(ref === 0x80 ? DEFAULT_PIN : DEFAULT_PUK)
      return Buffer.concat([put(1, hex('ff')), put(5, flag(factory)), put(6, Buffer.from([code.max, code.tries]))])
    }
    if (ref === 0x9b) {
      const { algorithm, key } = this.#state.managementKey
      const factory = key === defaultManagementKey(algorithm)
      return Buffer.concat([put(1, Buffer.from([algorithm])), put(2, hex('0001')), put(5, flag(factory))])
    }
    const key = this.#state.keys[slotName(ref)]
    if (key === undefined) return refuse(0x6a88)
    const policy = ref === 0x9c ? 3 : ref === 0x9e ? 1 : 2
    return Buffer.concat([
      put(1, Buffer.from([key.algorithm])),
      put(2, Buffer.from([policy, 1])),
      put(3, Buffer.from([1])),
      put(4, take(publicTemplate(key.pkcs8)).get(0x7f49) ?? EMPTY),
    ])
  }

  #setManagementKey(data: Buffer): Buffer {
    this.#needManagement()
    const algorithm = data[0] ?? 0
    const bytes = MANAGEMENT_CIPHERS[algorithm]?.bytes
    if (bytes === undefined || data[1] !== 0x9b || data[2] !== bytes || data.length !== 3 + bytes) refuse(0x6a80)
    this.#state.managementKey = { algorithm, key: data.subarray(3).toString('hex') }
    this.#changed()
    return EMPTY
  }

  #setRetries(pin: number, puk: number): Buffer {
    if (!this.#authenticated || !this.#pinVerified) refuse(0x6982)
    if (pin === 0 || puk === 0) refuse(0x6a80)
    this.#state.pin = { value: padCode(DEFAULT_PIN), tries: pin, max: pin }
    this.#state.puk = { value: padCode(DEFAULT_PUK), tries: puk, max: puk }
    this.#changed()
    return EMPTY
  }

  #factoryReset(): Buffer {
    if (this.#state.pin.tries > 0 || this.#state.puk.tries > 0) refuse(0x6985)
    const { label, serial, vendor } = this.#state
    Object.assign(this.#state, factoryState({ label, serial, vendor }))
    this.#changed()
    this.reset()
    return EMPTY
  }

  #needManagement(): void {
    if (!this.#authenticated) refuse(0x6982)
  }
}
