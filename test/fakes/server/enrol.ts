import { compactDecrypt, importJWK, type JWK } from 'jose'
import { generateKeyPairSync } from 'node:crypto'
import {
  FaceFeature,
  mrzCheckDigit,
  PublicJwk,
  SealedContent,
  type EnrolmentView,
  type HolderFields,
  type HolderView,
  type ProofingFields,
  type Slot,
} from '../../../shared/contract/index.ts'
import type { TestClient } from './client.ts'
import { SoftCard } from './soft-card.ts'

/** A card worker's sealing key, for tests: what it is sent, it can open. */
export const makeWorker = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  const open = async (sealed: string): Promise<SealedContent> => {
    const key = await importJWK(privateKey.export({ format: 'jwk' }) as JWK, 'ECDH-ES')
    const { plaintext } = await compactDecrypt(sealed, key)
    return SealedContent.parse(JSON.parse(Buffer.from(plaintext).toString('utf8')))
  }
  return { key: PublicJwk.parse({ kty, crv, x, y }), open }
}

export const HOLDER: HolderFields = {
  givenNames: 'Giulia Maria',
  familyName: "D'Àngelo",
  birthDate: '1990-05-14',
  nationality: 'ITA',
  personalNumber: 'DNGGLI90E54F205X',
  email: 'giulia@example.test',
}

const yymmdd = (date: string): string => date.slice(2, 4) + date.slice(5, 7) + date.slice(8, 10)

/** A passport zone (TD3) for a holder, with right check digits. */
export const makeMrz = (number: string, expiresOn: string, holder: HolderFields = HOLDER): string => {
  const letters = (text: string) =>
    text
      .normalize('NFD')
      .replace(/[^A-Za-z ]/g, '')
      .toUpperCase()
      .replace(/ /g, '<')
  const names = `P<ITA${letters(holder.familyName)}<<${letters(holder.givenNames)}`.padEnd(44, '<').slice(0, 44)
  const document = number.padEnd(9, '<')
  const birth = yymmdd(holder.birthDate)
  const expiry = yymmdd(expiresOn)
  const optional = '<'.repeat(14)
  const head = document + mrzCheckDigit(document)
  const dates = `${birth}${mrzCheckDigit(birth)}F${expiry}${mrzCheckDigit(expiry)}`
  const composite = mrzCheckDigit(head + birth + mrzCheckDigit(birth) + expiry + mrzCheckDigit(expiry) + optional + '0')
  return `${names}\n${head}ITA${dates}${optional}0${composite}`
}

export const makeProofing = (changes: Partial<ProofingFields> = {}): ProofingFields => ({
  documentType: 'passport',
  documentNumber: 'YA1234567',
  issuer: 'ITA',
  expiresOn: '2031-03-01',
  mrz: makeMrz('YA1234567', '2031-03-01'),
  faceFeatures: [...FaceFeature.options],
  documentGenuine: true,
  note: null,
  ...changes,
})

export const startEnrolment = async (
  ro: TestClient,
  holder: HolderFields = HOLDER,
): Promise<{ holder: HolderView; enrolment: EnrolmentView }> => {
  const made = await ro.call('createHolder', { body: holder })
  return { holder: made, enrolment: await ro.call('createEnrolment', { body: { holder: made.id } }) }
}

/** Reads the record, signs it with the officer's 9C and hands it in. */
export const signRecord = async (
  ro: TestClient,
  officer: SoftCard,
  enrolment: EnrolmentView,
): Promise<EnrolmentView> => {
  const params = { id: enrolment.id }
  const { canonical } = await ro.call('readRecord', { params })
  const cms = await officer.sign('9C', new Uint8Array(Buffer.from(canonical, 'base64')), false)
  return ro.call(
    'setRecord',
    { params, body: { cms: Buffer.from(cms).toString('base64') } },
    { ifMatch: enrolment.etag },
  )
}

/** A holder, proofed, profile chosen, record signed: state `approved`. */
export const approvedEnrolment = async (
  ro: TestClient,
  officer: SoftCard,
  profile = 'staff-p256',
): Promise<EnrolmentView> => {
  const { enrolment } = await startEnrolment(ro)
  const params = { id: enrolment.id }
  const proofed = await ro.call('setProofing', { params, body: makeProofing() }, { ifMatch: enrolment.etag })
  const chosen = await ro.call('setProfile', { params, body: { profile } }, { ifMatch: proofed.etag })
  return signRecord(ro, officer, chosen)
}

let serials = 0
/** A blank card nobody knows yet. */
export const blankCard = (): SoftCard =>
  new SoftCard(
    `C1${String((serials += 1)).padStart(6, '0')}${Date.now().toString(16).toUpperCase().slice(-6).padStart(6, '0')}`,
    ['9A', '9C', '9D'],
  )

export const completeStep = (
  ro: TestClient,
  id: string,
  card: SoftCard,
  step: string,
  startedAt = Date.now(),
): Promise<EnrolmentView> =>
  ro.call('completeStep', { params: { id, step }, body: { cardSerial: card.serial, startedAt, ms: 5 } })

/** Does everything that is still waiting, as the desk would; `stopBefore` leaves off there. */
export const personalise = async (
  ro: TestClient,
  id: string,
  card: SoftCard,
  stopBefore: string | null = null,
): Promise<EnrolmentView> => {
  const worker = makeWorker()
  const ticket = await ro.call('startPersonalisation', {
    params: { id },
    body: { cardSerial: card.serial, atr: '3b00', workerKey: worker.key },
  })
  let view = ticket.enrolment
  for (const step of view.steps) {
    if (step.state === 'done') continue
    if (step.id === stopBefore) return view
    if (step.kind === 'certificate') {
      const slot = step.slot as Slot
      const csr = Buffer.from(await card.csr(slot)).toString('base64')
      const issued = await ro.call('issueCertificate', { params: { id }, body: { cardSerial: card.serial, slot, csr } })
      card.write(slot, new Uint8Array(Buffer.from(issued.der, 'base64')))
      view = await ro.call('readEnrolment', { params: { id } })
    } else view = await completeStep(ro, id, card, step.id)
  }
  return view
}
