import { unavailable } from './failure.ts'

/** A terminal, as `process.stdin` is one. */
export interface PromptInput {
  readonly isTTY?: boolean
  setRawMode?(isRaw: boolean): unknown
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  off(event: 'data', listener: (chunk: Buffer) => void): unknown
  resume(): unknown
  pause(): unknown
}
export interface PromptOutput {
  write(text: string): unknown
}

const PIN_OCTETS = 255
const [ENTER, NEWLINE, INTERRUPT, END, DELETE, BACKSPACE] = [13, 10, 3, 4, 127, 8]

/**
 * Asks for a PIN without showing it, not even its length. Gives its octets; whoever gets them wipes them. Throws
 * HSM_UNAVAILABLE `pin-missing` where there is no terminal, nothing was entered, or Ctrl-C was pressed.
 */
export async function askPin(
  question: string,
  input: PromptInput = process.stdin,
  output: PromptOutput = process.stderr,
): Promise<Buffer> {
  if (input.isTTY !== true || input.setRawMode === undefined)
    throw unavailable('pin-missing', { prompt: 'no-terminal' })
  const typed = Buffer.alloc(PIN_OCTETS)
  let length = 0
  const done = Promise.withResolvers<void>()
  const onData = (chunk: Buffer): void => {
    for (const octet of chunk) {
      if (octet === ENTER || octet === NEWLINE || octet === END) done.resolve()
      else if (octet === INTERRUPT) done.reject(unavailable('pin-missing', { prompt: 'cancelled' }))
      else if (octet === DELETE || octet === BACKSPACE) typed[(length = Math.max(0, length - 1))] = 0
      else if (octet >= 32 && length < PIN_OCTETS) typed[length++] = octet
    }
    chunk.fill(0)
  }
  output.write(question)
  input.setRawMode(true)
  input.on('data', onData)
  input.resume()
  try {
    await done.promise
    if (length === 0) throw unavailable('pin-missing', { prompt: 'empty' })
    return Buffer.from(typed.subarray(0, length))
  } finally {
    typed.fill(0)
    input.off('data', onData)
    input.setRawMode(false)
    input.pause()
    output.write('\n')
  }
}
