import { existsSync, writeFileSync } from 'node:fs'

/** A card module whose cards are of another world: they answer to reset and know no PIV application. */
export function openVirtualCard(_file: string): object {
  return {
    atr: Buffer.from('3b00', 'hex'),
    transmit: async () => Buffer.from('6a82', 'hex'),
    reset: () => undefined,
    setFaults: () => undefined,
  }
}
export function createCardFile(file: string): void {
  if (!existsSync(file)) writeFileSync(file, '{}')
}
export const describeCardFile = (): object => ({ label: 'foreign', serial: '00', blank: false })
