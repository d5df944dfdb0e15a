import { createHash } from 'node:crypto'
import { Agent } from 'node:https'
import type { TLSSocket } from 'node:tls'

/** One keep-alive pool to the server that believes one authority only, and remembers the certificate it saw. */
export interface ServerLink {
  readonly agent: Agent
  /** SHA-256 of the DER of the server's certificate on the newest connection, base64url. */
  certificate(): string | null
  close(): void
}

/**
 * `anchorPem` replaces the system's trust store, so that no public authority can vouch for another server. The name
 * (or address) is checked by Node against the certificate (RFC 9525). Client state of TLS is not resumed across
 * connections: each handshake shows the certificate anew, which the sign-in statement names.
 */
export function linkTo(anchorPem: string): ServerLink {
  let digest: string | null = null
  const agent = new Agent({
    ca: [anchorPem],
    keepAlive: true,
    maxSockets: 8,
    maxCachedSessions: 0,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  })
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (...args: Parameters<typeof connect>) => {
    const socket = connect(...args) as TLSSocket
    socket.once('secureConnect', () => {
      const raw = socket.getPeerX509Certificate()?.raw
      if (socket.authorized && raw) digest = createHash('sha256').update(raw).digest('base64url')
    })
    return socket
  }
  return { agent, certificate: () => digest, close: () => agent.destroy() }
}
