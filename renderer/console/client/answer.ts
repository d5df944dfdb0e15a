import {
  HTTP,
  Problem,
  type Failure,
  type HttpAnswer,
  type HttpName,
  type Result,
} from '../../../shared/contract/index.ts'

/** An id for what went wrong on this side of the network; starts with `c-` so that nobody looks for it in the server's log. */
export const failureHere = (code: Failure['code'], detail: Failure['detail'] = {}): Failure => ({
  code,
  detail,
  id: `c-${crypto.randomUUID().slice(0, 13)}`,
})

/** The id a person quotes: the last part of the problem's `instance`. */
const quotableId = (instance: string): string => (instance.split(/[/:#]/).at(-1) ?? instance).slice(0, 64)

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The server's answer, parsed strictly; what is neither an answer of the contract nor its problem is CONTRACT_MISMATCH. */
export const readAnswer = async <N extends HttpName>(name: N, response: Response): Promise<Result<HttpAnswer<N>>> => {
  const json = parseJson(await response.text())
  if (response.ok) {
    const answer = HTTP[name].answer.safeParse(json)
    if (answer.success) return { ok: true, value: answer.data as HttpAnswer<N> }
    const path = answer.error.issues[0]?.path.join('.') ?? ''
    return { ok: false, error: failureHere('CONTRACT_MISMATCH', { call: name, path }) }
  }
  const problem = Problem.safeParse(json)
  if (!problem.success)
    return { ok: false, error: failureHere('CONTRACT_MISMATCH', { call: name, status: response.status }) }
  const { code, detail, instance } = problem.data
  return { ok: false, error: { code, detail: detail ?? {}, id: quotableId(instance) } }
}
