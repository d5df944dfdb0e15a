import { z } from 'zod'
import { Base64, Base64Url, Id, Text, TimeMs } from '../scalars.ts'
import { done, route } from './route.ts'

const ChainName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)
const Count = z.number().int().min(0)
const CountQuery = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
/** SHA-256, as C2SP and RFC 4648 4 write it. */
const Hash = z.base64().length(44)
const Hashes = z.array(Hash).max(63)
/** C2SP signed note or a part of it: kept and sent exactly as signed. */
const Note = z.string().min(1).max(32_768)
/** C2SP vkey: `name+id+key`. */
const Vkey = z.string().min(1).max(300)
const WitnessName = z.string().min(1).max(200)
const byChain = z.strictObject({ chain: ChainName })

/** A statement's bytes and the signature over them, both base64url; what they say is in shared/audit/FORMAT.md. */
const Endorsed = z.strictObject({ statement: Base64Url(4000), endorsement: Base64Url(1200) })

/**
 * What binds the note key to the key store: statements of the note keys the chain ever had, newest first, and of its
 * key-store keys, oldest first. The origin names the first of these: whoever keeps it needs to trust nothing else.
 */
const NoteKeyBinding = z.strictObject({ noteKeys: z.array(Endorsed).max(100), hsmKeys: z.array(Endorsed).max(1000) })

export const CheckpointView = z.strictObject({
  chain: ChainName,
  origin: z.string().max(200),
  size: Count,
  root: Hash,
  /** When the checkpoint was made. */
  time: TimeMs,
  /** The signed note with every cosignature there is of it. */
  note: Note,
  /** Key that signs the chain's notes now. */
  vkey: Vkey,
  binding: NoteKeyBinding,
  /** Last checkpoint with an RFC 3161 time-stamp over its signed note's text; null where there is none. */
  stamped: z.strictObject({ size: Count, note: Note, token: Base64(65_536), time: TimeMs }).nullable(),
})
export type CheckpointView = z.infer<typeof CheckpointView>

/** What a desk may find wrong, comparing what it kept with what it is shown. */
export const ContradictionKind = z.enum([
  /** The chain is shorter than the checkpoint kept. */
  'truncated',
  /** Another root at the size kept. */
  'forked',
  /** What is shown does not extend what was kept: no consistency proof holds. */
  'rewritten',
  /** The note is signed by a key nothing kept vouches for. */
  'key-changed',
  /** The note's signature or the proof is malformed or false. */
  'invalid',
])
export type ContradictionKind = z.infer<typeof ContradictionKind>

export const WitnessView = z.strictObject({
  name: WitnessName,
  kind: z.enum(['desk', 'outside']),
  /** Of a desk: the station's id and name. */
  station: z.string().max(80).nullable(),
  stationName: z.string().max(200).nullable(),
  vkey: Vkey,
  /** Largest checkpoint it cosigned, and when by its own clock; null: none yet. */
  size: Count.nullable(),
  time: TimeMs.nullable(),
  /** It has not seen, for longer than is allowed, a checkpoint that is there to be seen. */
  stale: z.boolean(),
  /** Why an outside witness gave no cosignature the last time; null where it did, and for desks. */
  failure: z.string().max(200).nullable(),
})
export type WitnessView = z.infer<typeof WitnessView>

export const auditWitnessRoutes = {
  listCheckpoints: route({
    method: 'GET',
    path: '/api/v1/audit/checkpoints',
    summary: 'Latest checkpoint of each chain, with its cosignatures and what binds its key',
    auth: 'session.own',
    answer: z.strictObject({ items: z.array(CheckpointView).max(1000) }),
  }),

  proveConsistency: route({
    method: 'GET',
    path: '/api/v1/audit/chains/:chain/consistency',
    summary: 'Proof that the tree of `to` entries extends the tree of `from` entries',
    auth: 'session.own',
    params: byChain,
    query: z.strictObject({ from: CountQuery, to: CountQuery }),
    answer: z.strictObject({ chain: ChainName, from: Count, to: Count, hashes: Hashes }),
  }),

  proveInclusion: route({
    method: 'GET',
    path: '/api/v1/audit/chains/:chain/entries/:sequence/proof',
    summary: 'Proof that an entry is in the tree of a checkpoint',
    auth: 'trail.read',
    params: z.strictObject({ chain: ChainName, sequence: CountQuery }),
    answer: z.strictObject({
      chain: ChainName,
      index: Count,
      size: Count,
      hashes: Hashes,
      note: Note,
      /** The entry's stored bytes: what is hashed. */
      entry: Base64(65_536),
      /** All of it as a C2SP `.tlog-proof` file; its extra data is the entry. */
      proof: z.string().max(200_000),
    }),
  }),

  cosignCheckpoint: route({
    method: 'POST',
    path: '/api/v1/audit/chains/:chain/cosignatures',
    summary: 'A desk has seen a checkpoint and signs that it extends all it saw before',
    auth: 'session.own',
    params: byChain,
    body: z.strictObject({
      size: Count,
      /** The station's witness key, C2SP vkey of type 0x04; bound to the station at first use. */
      vkey: Vkey,
      /** One line of a signed note, with or without its newline. */
      cosignature: z.string().min(1).max(1000),
    }),
    answer: done,
  }),

  reportContradiction: route({
    method: 'POST',
    path: '/api/v1/audit/chains/:chain/contradictions',
    summary: 'A desk was shown a chain that contradicts what it kept',
    auth: 'session.own',
    params: byChain,
    body: z.strictObject({ kind: ContradictionKind, kept: Note, seen: Note.nullable() }),
    answer: done,
  }),

  releaseWitnessKey: route({
    method: 'POST',
    path: '/api/v1/audit/witness-keys/:station/release',
    summary: 'Let a station that was set up anew bind another witness key',
    auth: 'witness.manage',
    creates: true,
    params: z.strictObject({ station: Id }),
    /** `vkey`: the key that is released, as confirmation. */
    body: z.strictObject({ vkey: Vkey, reason: Text(500) }),
    answer: done,
  }),

  listWitnesses: route({
    method: 'GET',
    path: '/api/v1/audit/chains/:chain/witnesses',
    summary: 'Who has seen which size of the chain, and when',
    auth: 'health.read',
    params: byChain,
    answer: z.strictObject({ size: Count, items: z.array(WitnessView).max(10_000) }),
  }),
} as const
