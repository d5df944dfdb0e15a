import { makeSealedSender } from '../ui/seal.ts'
import { makeDesk } from './bridge.ts'

/** This page's desk. */
export const desk = makeDesk(() => window.countersign)

/** Seals a secret to the card worker that runs now and sends it; seals again once when the worker was restarted. */
export const sendSealed = makeSealedSender(() => desk.call('app.sealKey', {}))
