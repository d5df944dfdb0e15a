import { generateKeyPairSync, sign } from 'node:crypto'
import { encodeSignatureLine, parseCheckpoint, parseNote, verifyNote } from '../../../shared/audit/checkpoint.ts'
import type { NoteKey } from '../../../shared/audit/checkpoint.ts'
import { cosignatureMessage, makeCosignature } from '../../../shared/audit/cosignature.ts'
import type { WitnessKey } from '../../../shared/audit/cosignature.ts'
import { createSignatureVerifier } from '../../../shared/audit/crypto.ts'
import { verifyConsistency } from '../../../shared/audit/merkle.ts'
import type { TreeHead } from '../../../shared/audit/merkle.ts'
import { fromBase64, rawOfSpki } from '../../../shared/audit/note-key.ts'
import { SmallServer } from './small-server.ts'

const EMPTY: TreeHead = { size: 0, root: fromBase64('47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=') }

interface Reply {
  readonly status: number
  readonly text: string
}

/** A C2SP tlog-witness that does what the page says: refuses what does not extend what it saw, and signs the rest. */
export class SmallWitness {
  readonly key: WitnessKey
  readonly #sign: (data: Uint8Array) => Uint8Array
  readonly #verify = createSignatureVerifier()
  /** Logs it knows, by origin. */
  readonly logs = new Map<string, NoteKey>()
  readonly seen = new Map<string, TreeHead>()
  server: SmallServer | null = null
  time = 1_790_000_000

  constructor(name: string) {
    const pair = generateKeyPairSync('ed25519')
    const publicKey = rawOfSpki(Uint8Array.from(pair.publicKey.export({ format: 'der', type: 'spki' })))
    this.key = { name, publicKey }
    this.#sign = (data) => Uint8Array.from(sign(null, data, pair.privateKey))
  }

  async start(): Promise<this> {
    this.server = await SmallServer.start((body, response, request) => {
      const isPath = request.method === 'POST' && request.url === '/w/add-checkpoint'
      const { status, text } = isPath ? this.add(Buffer.from(body).toString('utf8')) : { status: 404, text: '' }
      response.writeHead(status, { 'content-type': status === 409 ? 'text/x.tlog.size' : 'text/plain' }).end(text)
    })
    return this
  }

  get url(): string {
    return `${this.server?.url ?? ''}/w`
  }

  add(body: string): Reply {
    const split = body.indexOf('\n\n')
    const [old = '', ...hashes] = body.slice(0, split).split('\n')
    const note = body.slice(split + 2)
    const said = parseCheckpoint(parseNote(note).text)
    const log = this.logs.get(said.origin)
    if (!log) return { status: 404, text: '' }
    try {
      verifyNote(note, log, this.#verify)
    } catch {
      // As the page says: a note no known key signed is forbidden.
      return { status: 403, text: '' }
    }
    return this.#extend(said, Number(/^old (\d+)$/.exec(old)?.[1]), hashes.map(fromBase64), note)
  }

  #extend(said: TreeHead & { origin: string }, old: number, proof: readonly Uint8Array[], note: string): Reply {
    const known = this.seen.get(said.origin) ?? EMPTY
    if (old > said.size) return { status: 400, text: '' }
    if (old !== known.size) return { status: 409, text: `${known.size}\n` }
    const isSameSize = known.size === said.size
    if (isSameSize && !Buffer.from(known.root).equals(said.root)) return { status: 409, text: `${known.size}\n` }
    try {
      verifyConsistency(known, said, proof)
    } catch {
      // As the page says.
      return { status: 422, text: '' }
    }
    this.seen.set(said.origin, { size: said.size, root: said.root })
    const signature = this.#sign(cosignatureMessage(this.time, parseNote(note).text))
    return { status: 200, text: encodeSignatureLine(makeCosignature(this.key, this.time, signature)) }
  }
}
