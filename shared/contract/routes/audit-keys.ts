import { z } from 'zod'
import { Base64, Text, TimeMs } from '../scalars.ts'
import { JobView } from './jobs.ts'
import { route } from './route.ts'

const Chain = z
  .string()
  .max(100)
  .regex(/^[a-z0-9.-]+$/)
const KeyId = z.string().regex(/^[A-Za-z0-9_:-]{1,100}$/)
const CERTIFICATE_MAX = 8192

/** The key of the key store a chain is signed with now, and the one a roll-over would bring in. */
export const ChainKeyView = z.strictObject({
  chain: z.string().max(100),
  keyId: KeyId,
  /** Null: of a chain that was begun elsewhere. */
  label: z.string().max(64).nullable(),
  algorithm: z.string().max(30),
  since: TimeMs,
  /** Label of the next key; one that lies in the key store under it is used, else it is made. */
  next: z.string().max(64),
})
export type ChainKeyView = z.infer<typeof ChainKeyView>

export const auditKeysRoutes = {
  listChainKeys: route({
    method: 'GET',
    path: '/api/v1/audit/keys',
    summary: 'The key in force of each chain, and the next one',
    auth: 'key.read',
    answer: z.strictObject({ items: z.array(ChainKeyView).max(100) }),
  }),

  /** `keyId` is the key in force that is to be left: another one meanwhile refuses (REQUEST_CONFLICT, `key`). */
  rollOverChainKey: route({
    method: 'POST',
    path: '/api/v1/audit/key-rollovers',
    summary: "Hand a chain to its next key while its server runs; the old one's signatures still verify",
    auth: 'key.manage',
    creates: true,
    body: z.strictObject({
      chain: Chain,
      keyId: KeyId,
      /** X.509, DER; only for a key that was prepared before. */
      certificate: Base64(CERTIFICATE_MAX).optional(),
      reason: Text(500),
    }),
    answer: JobView,
  }),
} as const
