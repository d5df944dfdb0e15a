import type { HttpAnswer, HttpName, HttpRequest } from '../../shared/contract/index.ts'
import type { Knock } from '../identity/knock.ts'
import type { LiveSession } from '../identity/sessions.ts'
import type { Call } from '../services/call.ts'

/** A request as a handler gets it: parsed, authenticated, allowed. */
export interface Incoming<N extends HttpName> {
  readonly request: HttpRequest<N>
  readonly knock: Knock
  readonly browser: string
  /** Both only where the route asks for a right. */
  readonly call: Call
  readonly session: LiveSession
  /** A whole `Set-Cookie` line for the answer. */
  readonly setCookie: (line: string) => void
}
export type Handlers = { readonly [N in HttpName]: (incoming: Incoming<N>) => Promise<HttpAnswer<N>> | HttpAnswer<N> }
