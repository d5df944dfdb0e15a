/** What is known of a request before anyone is signed in. */
export interface Knock {
  readonly correlationId: string
  readonly address: string
  /** UTC in ms. */
  readonly at: number
}
