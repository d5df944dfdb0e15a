export interface OfferedVerifier {
  readonly name: string
  /** SHA-256, hex, as the server tells it. */
  readonly digest: string
}

const LINE = /^([0-9a-f]{64}) {2}(countersign-verify\.(?:html|mjs))$/

/** What the server's list of SHA-256 names: the page and the program, those that it has. Anything else is passed over. */
export const readSums = (text: string): OfferedVerifier[] =>
  text.split('\n').flatMap((line) => {
    const [, digest, name] = LINE.exec(line) ?? []
    return digest === undefined || name === undefined ? [] : [{ name, digest }]
  })

/** None where the server has none, or cannot be asked: nobody needs them to check a file here. */
export const fetchVerifiers = async (): Promise<OfferedVerifier[]> => {
  try {
    const answer = await fetch('/verify/SHA256SUMS')
    return answer.ok ? readSums(await answer.text()) : []
  } catch (error) {
    if (error instanceof TypeError) return []
    throw error
  }
}
