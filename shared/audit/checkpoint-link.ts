const utf8 = new TextEncoder()
const DOMAIN = 'countersign/audit/checkpoint-link/1\n'

/** What one checkpoint says of the one made before it; `previousSize` is 0 for a chain's first. */
export interface CheckpointLink {
  readonly origin: string
  readonly previousSize: number
  readonly size: number
  readonly root: Uint8Array
}

/**
 * What the note key signs beside the note, so that a checkpoint that is gone is missed by the next one. The C2SP note
 * itself has no room for it.
 */
export const checkpointLinkBytes = ({ origin, previousSize, size, root }: CheckpointLink): Uint8Array =>
  utf8.encode(`${DOMAIN}${origin}\n${previousSize}\n${size}\n${Buffer.from(root).toString('base64')}\n`)
