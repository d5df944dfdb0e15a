import type { CardPort } from '../../services/ports.ts'
import type { CardStack } from './card-stack.ts'

/** The card port with no worker around it: for tests of what uses it. No deadline guards its calls. */
export function inProcessPort(stack: CardStack, options: { virtual: boolean }): CardPort {
  return {
    sealKey: () => stack.sealKey(),
    readers: () => stack.readers(),
    inspect: (reader) => stack.inspect(reader),
    sign: (request) => stack.sign(request),
    reset: (reader) => stack.reset(reader),
    checkPin: (request) => stack.checkPin(request),
    changePin: (request) => stack.changePin(request),
    unblock: (request) => stack.unblock(request),
    setManagementKey: (request) => stack.setManagementKey(request),
    setPinAndPuk: (request) => stack.setPinAndPuk(request),
    writeChuid: (request) => stack.writeChuid(request),
    generateKey: (request) => stack.generateKey(request),
    signWithTransportPin: (request) => stack.signWithTransportPin(request),
    writeCertificate: (request) => stack.writeCertificate(request),
    readCertificate: (request) => stack.readCertificate(request),
    replaceTransportPin: (request) => stack.replaceTransportPin(request),
    wipe: (request) => stack.wipe(request),
    keyPaths: () => stack.keyPaths(),
    cardTime: () => stack.cardTime(),
    on: ((event: 'readers' | 'state', listener: never) =>
      event === 'readers' ? stack.onReaders(listener) : () => undefined) as CardPort['on'],
    state: () => (stack.serviceDown() ? 'down' : 'running'),
    demo: options.virtual
      ? {
          cards: () => stack.demoCards(),
          insert: (reader, card) => stack.demoInsert(reader, card),
          newCard: () => stack.demoNewCard(),
        }
      : null,
    close: () => stack.close(),
  }
}
