import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { AppError } from '../../shared/contract/index.ts'
import type { CaGateway } from '../ca/gateway.ts'
import type { Health } from '../monitor/health.ts'
import { openApiDocument } from './openapi.ts'

const CRL_TYPE = 'application/pkix-crl'
const CERTIFICATE_TYPE = 'application/pkix-cert'
const CRL_KEPT_MS = 5_000
const NOTE_TYPE = 'text/plain; charset=utf-8'
const NOTE_KEPT_MS = 2_000
const NOTES_MAX = 100

/** Gives a chain's last checkpoint as C2SP logs serve it; throws AUDIT_NOT_FOUND. Structurally `Witnesses`. */
export interface PublicNotes {
  publicNote(chain: string): Promise<string>
}

/** What anyone may fetch: revocation lists and CA certificates, liveness, and the description of the API. */
export const registerPublic = (
  app: FastifyInstance,
  {
    ca,
    health,
    version,
    witnesses,
  }: {
    readonly ca: CaGateway
    readonly health: Health
    readonly version: string
    readonly witnesses: PublicNotes
  },
): void => {
  // Made when it is first asked for: it costs more than the rest of the start.
  let made: { readonly document: string; readonly documentTag: string } | null = null
  const describe = () => {
    const document = JSON.stringify(openApiDocument(version))
    return { document, documentTag: `"${createHash('sha256').update(document).digest('base64url').slice(0, 22)}"` }
  }
  app.get('/api/openapi.json', (request, reply) => {
    made ??= describe()
    const { document, documentTag } = made
    void reply.header('etag', documentTag).header('cache-control', 'no-cache')
    if (request.headers['if-none-match'] === documentTag) return reply.code(304).send()
    return reply.type('application/json').send(document)
  })

  // Unauthenticated: the lists are read from the database at most every few seconds, however often they are asked for.
  let lists: { readonly at: number; readonly ders: Promise<Uint8Array[]> } | null = null
  const currentLists = (): Promise<Uint8Array[]> => {
    const now = Date.now()
    if (!lists || now - lists.at > CRL_KEPT_MS) {
      const ders = ca.crls().then((crls) => crls.map((crl) => crl.der))
      lists = { at: now, ders }
      ders.catch(() => (lists = null))
    }
    return lists.ders
  }
  const send = (reply: FastifyReply, type: string, der: Uint8Array | undefined): FastifyReply => {
    if (!der) throw new AppError('CA_UNAVAILABLE')
    return reply.type(type).header('cache-control', 'no-cache').send(Buffer.from(der))
  }
  app.get('/ca/issuing.crl', async (_request, reply) => send(reply, CRL_TYPE, (await currentLists())[0]))
  app.get('/ca/root.crl', async (_request, reply) => send(reply, CRL_TYPE, (await currentLists()).at(-1)))
  app.get('/ca/issuing.cer', async (_request, reply) => send(reply, CERTIFICATE_TYPE, (await ca.chain())[0]))
  app.get('/ca/root.cer', async (_request, reply) => send(reply, CERTIFICATE_TYPE, (await ca.chain()).at(-1)))

  // No personal data is in a checkpoint, and whoever would watch the chain from outside must be able to.
  const notes = new Map<string, { readonly at: number; readonly note: Promise<string> }>()
  const currentNote = (chain: string): Promise<string> => {
    const now = Date.now()
    const known = notes.get(chain)
    if (known && now - known.at <= NOTE_KEPT_MS) return known.note
    if (notes.size >= NOTES_MAX) notes.clear()
    const note = witnesses.publicNote(chain)
    notes.set(chain, { at: now, note })
    note.catch(() => notes.delete(chain))
    return note
  }
  app.get<{ Params: { chain: string } }>('/audit/:chain/checkpoint', async (request, reply) => {
    const note = await currentNote(request.params.chain)
    return reply.type(NOTE_TYPE).header('cache-control', 'no-cache').send(note)
  })

  app.get('/health/live', (_request, reply) => reply.type('application/json').send('{"live":true}'))
  app.get('/health/ready', (_request, reply) => {
    const ready = health.isReady()
    return reply
      .code(ready ? 200 : 503)
      .type('application/json')
      .send(JSON.stringify({ ready }))
  })
}
