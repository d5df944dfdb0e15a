import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  AppError,
  FaceFeature,
  mrzCheckDigit,
  type EnrolmentView,
  type HttpAnswer,
} from '../../shared/contract/index.ts'
import { RemoteClient } from '../remote/client.ts'
import { deriveProofKey, makeSessionKey } from '../services/session-key.ts'
import { DEMO_OPERATORS } from './demo-operators.ts'
import type { DeskUser } from './desk-user.ts'
import { proveExport } from './prove-export.ts'

export const OFFICER_READER = 'Virtual reader 1'
export const HOLDER_READER = 'Virtual reader 2'
const pinOf = (key: string) => DEMO_OPERATORS.find((operator) => operator.key === key)!.pin

/** A step of the main job with how long it took. */
export interface DoneStep {
  name: string
  ms: number
}

/** Runs named steps one after another and keeps their times. */
export class StepClock {
  readonly steps: DoneStep[] = []
  readonly #say: (step: DoneStep) => void
  constructor(say: (step: DoneStep) => void) {
    this.#say = say
  }
  async step<T>(name: string, run: () => Promise<T>): Promise<T> {
    const started = performance.now()
    const value = await run()
    const done = { name, ms: Math.round(performance.now() - started) }
    this.steps.push(done)
    this.#say(done)
    return value
  }
}

/** A passport of a person who does not exist, with sound check digits (ICAO 9303 part 4). */
function passport(): { number: string; expiresOn: string; mrz: string } {
  const year = new Date().getUTCFullYear() + 5
  const expiry = `${String(year).slice(2)}0630`
  const number = 'YA4310872'
  const birth = '850412'
  const personal = '<'.repeat(14)
  const body = `${number}${mrzCheckDigit(number)}ITA${birth}${mrzCheckDigit(birth)}F${expiry}${mrzCheckDigit(expiry)}${personal}<`
  const composite = body.slice(0, 10) + body.slice(13, 20) + body.slice(21, 43)
  return {
    number,
    expiresOn: `${year}-06-30`,
    mrz: `${'P<ITAROSSI<<ANNA'.padEnd(44, '<')}\n${body}${mrzCheckDigit(composite)}`,
  }
}

/** Signs the officer in, registers and proves a person, signs the record, makes the card and hands it over. */
export async function issueCard(user: DeskUser, clock: StepClock, profile = 'staff-p256'): Promise<EnrolmentView> {
  await clock.step('officer signs in with the card', () => user.signIn(OFFICER_READER, pinOf('officer')))
  const holder = await clock.step('person registered', () =>
    user.call('holders.create', {
      key: randomUUID(),
      fields: {
        givenNames: 'Anna',
        familyName: 'Rossi',
        birthDate: '1985-04-12',
        nationality: 'ITA',
        personalNumber: null,
        email: 'anna.rossi@example.test',
      },
    }),
  )
  const begun = await user.call('enrolments.create', { holder: holder.id, key: randomUUID() })
  const { id } = begun
  const document = passport()
  const proofed = await clock.step('identity proofed', () =>
    user.call('enrolments.prove', {
      id,
      etag: begun.etag,
      proofing: {
        documentType: 'passport',
        documentNumber: document.number,
        issuer: 'ITA',
        expiresOn: document.expiresOn,
        mrz: document.mrz,
        faceFeatures: [...FaceFeature.options],
        documentGenuine: true,
        note: null,
      },
    }),
  )
  const chosen = await clock.step('card profile chosen', () =>
    user.call('enrolments.chooseProfile', { id, etag: proofed.etag, profile }),
  )
  await clock.step('registration record signed', async () => {
    const record = await user.call('enrolments.record', { id })
    await user.call('enrolments.sign', {
      id,
      etag: chosen.etag,
      record,
      pin: await user.seal('pin', { pin: pinOf('officer') }),
    })
  })
  await clock.step('card personalised', () => user.call('enrolments.personalise', { id, reader: HOLDER_READER }))
  const done = await clock.step('card handed over', async () =>
    user.call('enrolments.handOver', {
      id,
      reader: HOLDER_READER,
      newPin: await user.seal('new-pin', { newPin: '481526' }),
    }),
  )
  await clock.step('receipt made', async () => {
    const { pdf } = await user.call('enrolments.receipt', { id, language: 'en' })
    if (!Buffer.from(pdf, 'base64').subarray(0, 5).equals(Buffer.from('%PDF-')))
      throw new Error('the receipt is not a PDF')
  })
  return done
}

/** Blocks the holder's PIN by wrong tries, then help desk gives the card a new one through its PUK. */
export async function unblockCard(user: DeskUser, clock: StepClock, serial: string): Promise<void> {
  await clock.step('holder blocks the PIN', async () => {
    for (let tries = 0; tries < 10; tries++) {
      const pin = await user.seal('pin', { pin: '000000' })
      const failed = await user.call('cards.checkPin', { reader: HOLDER_READER, pin }).then(
        () => null,
        (error: unknown) => error,
      )
      if (!(failed instanceof AppError)) throw failed ?? new Error('a wrong PIN was taken')
      if (failed.code === 'CARD_PIN_BLOCKED') return
    }
    throw new Error('the PIN never blocked')
  })
  await user.call('session.signOut', {})
  await clock.step('help desk signs in with the card', async () => {
    await user.insert(OFFICER_READER, 'helpdesk')
    await user.signIn(OFFICER_READER, pinOf('helpdesk'))
  })
  await clock.step('PIN unblocked through the PUK', async () => {
    const newPin = await user.seal('new-pin', { newPin: '112233' })
    await user.call('cards.unblock', {
      reader: HOLDER_READER,
      serial,
      checks: ['document-seen', 'card-in-hand'],
      reason: 'The holder typed a wrong PIN three times.',
      newPin,
    })
    await user.call('cards.checkPin', { reader: HOLDER_READER, pin: await user.seal('pin', { pin: '112233' }) })
  })
  await user.call('session.signOut', {})
}

/**
 * The auditor signs in at the desk, approves a console, and the console verifies the chain from its first entry, and takes
 * it out as a package that lasts.
 */
export async function proveInAudit(
  user: DeskUser,
  clock: StepClock,
  server: { url: string; caFile: string; folder: string },
  serial: string,
): Promise<{ entries: number; verified: boolean; exported: boolean }> {
  await clock.step('auditor signs in with the card', async () => {
    await user.insert(OFFICER_READER, 'auditor')
    await user.signIn(OFFICER_READER, pinOf('auditor'))
  })
  const remote = new RemoteClient({ url: server.url, anchorPem: readFileSync(server.caFile, 'utf8') })
  try {
    await clock.step('console signed in from the desk', () => signConsoleIn(user, remote))
    await clock.step('trail of the card read', async () => {
      const trail = await remote.call('readTrail', { params: { objectType: 'card', objectId: serial }, query: {} })
      if (trail.items.length < 3) throw new Error(`the card's trail has ${trail.items.length} entries only`)
    })
    const verdict = await clock.step('chain verified, every signature', () => verifyChain(remote))
    const exported = await clock.step('audit exported at B-LTA, and the package verified', () =>
      proveExport(remote, server),
    )
    return { entries: verdict.checked, verified: verdict.state === 'passed', exported }
  } finally {
    remote.close()
    await user.call('session.signOut', {})
  }
}

async function signConsoleIn(user: DeskUser, remote: RemoteClient): Promise<void> {
  const { privateKey, publicJwk } = makeSessionKey()
  const request = await remote.call('createConsoleRequest', { body: { sessionKey: publicJwk } })
  await user.call('console.approve', { code: request.code, pin: await user.seal('pin', { pin: pinOf('auditor') }) })
  const answer = await remote.call('readConsoleRequest', { params: { id: request.id } })
  if (answer.state !== 'approved') throw new Error(`the console's request is ${answer.state}`)
  remote.useSession({ token: answer.token, proofKey: deriveProofKey(privateKey, request.ephemeralKey, request.nonce) })
}

async function verifyChain(remote: RemoteClient): Promise<HttpAnswer<'readVerification'>> {
  const { id } = await remote.call('startVerification', { body: { depth: 'full' } }, { idempotencyKey: randomUUID() })
  for (let waited = 0; waited < 600; waited++) {
    const run = await remote.call('readVerification', { params: { id } })
    if (run.state !== 'running') return run
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the verification did not end within a minute')
}
