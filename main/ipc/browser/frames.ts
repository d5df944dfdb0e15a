import { z } from 'zod'

/** Messages on the WebSocket, both ways. The subprotocol names the version; the second one offered carries the secret. */
export const PROTOCOL = 'countersign.bridge.v1'
export const SECRET_PREFIX = 'secret.'
/** Above this the socket is closed (1009); between the limit of a call and this the call is answered REQUEST_TOO_LARGE. */
export const FRAME_MAX_BYTES = 4_000_000

export const CallFrame = z.strictObject({
  id: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  call: z.string().max(100),
  input: z.unknown(),
})
/** Why the bridge was closed (RFC 6455 §7.4.2, private use). */
export const CLOSE = { taken: 4409, replaced: 4410, stopping: 4503, garbage: 4400 } as const
