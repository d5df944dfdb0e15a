import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseCertificate, parseCrl } from '../../../shared/pki/index.ts'
import type { EnrolmentView, HttpName } from '../../../shared/contract/index.ts'
import { refusal, type TestClient } from '../../fakes/server/client.ts'
import {
  approvedEnrolment,
  blankCard,
  completeStep,
  makeProofing,
  makeWorker,
  personalise,
  signRecord,
  startEnrolment,
} from '../../fakes/server/enrol.ts'
import type { SoftCard } from '../../fakes/server/soft-card.ts'
import { startServer, type TestServer } from '../../fakes/server/start-server.ts'

let server: TestServer
let anna: TestClient
let officer: SoftCard

beforeAll(async () => {
  server = await startServer()
  anna = await server.signIn('anna')
  officer = server.cards['anna'] as SoftCard
})
afterAll(() => server.close())

const read = (id: string) => anna.call('readEnrolment', { params: { id } })
const crl = async () => {
  const answer = await server.running().app.inject({ method: 'GET', url: '/ca/issuing.crl' })
  return parseCrl(new Uint8Array(answer.rawPayload))
}
/** The list is kept for a few seconds in front of the CA; the CA's own is asked here. */
const isRevoked = async (serial: string): Promise<boolean> => {
  const row = await server.running().foundation.caStore.findBySerial(serial)
  return row?.state.status === 'revoked'
}

describe('when a card is issued face to face', () => {
  it('goes from draft to handed over, with certificates for the keys on the card', async () => {
    const approved = await approvedEnrolment(anna, officer)
    expect(approved.state).toBe('approved')
    expect(approved.signedAt).not.toBeNull()
    const card = blankCard()
    const issued = await personalise(anna, approved.id, card)
    expect(issued.state).toBe('issued')
    expect(issued.steps.every((step) => step.state === 'done')).toBe(true)
    expect(issued.certificates.map((one) => `${one.slot} ${one.state}`)).toEqual([
      '9A issued',
      '9C issued',
      '9D issued',
    ])
    const onCard = parseCertificate(card.certificate('9A'))
    expect(onCard.subject.commonName).toBe("Giulia Maria D'Àngelo")
    expect(onCard.subjectAltName?.email).toEqual(['giulia@example.test'])
    expect(issued.certificates[0]?.serial).toBe(onCard.serial)
    const view = await anna.call('readCard', { params: { serial: card.serial } })
    expect(view).toMatchObject({ state: 'active', profile: 'staff-p256', enrolmentId: approved.id })

    const worker = makeWorker()
    const params = { id: approved.id }
    const { secrets } = await anna.call('startHandOver', {
      params,
      body: { cardSerial: card.serial, workerKey: worker.key },
    })
    expect((await worker.open(secrets)).values.pin).toMatch(/^[0-9]{8}$/)
    const done = await anna.call('handOver', { params, body: { cardSerial: card.serial } })
    expect(done.state).toBe('handed-over')
    const again = await anna.call('handOver', { params, body: { cardSerial: card.serial } })
    expect(again.etag).toBe(done.etag)
    const gone = anna.call('startHandOver', { params, body: { cardSerial: card.serial, workerKey: worker.key } })
    expect((await refusal(gone)).code).toBe('ENROLMENT_STATE')
  })

  it('refuses the holder’s own card at sign-in: it is no operator’s', async () => {
    const card = blankCard()
    await personalise(anna, (await approvedEnrolment(anna, officer)).id, card)
    const refused = await refusal(server.signIn('anna', { signWith: { card, slot: '9A' } }))
    expect(refused.code).toBe('OPERATOR_NOT_FOUND')
  })

  it('gives the same codes and the same card when it goes on, and all three at once', async () => {
    const { id } = await approvedEnrolment(anna, officer)
    const card = blankCard()
    const first = makeWorker()
    const second = makeWorker()
    const start = (worker: typeof first) =>
      anna.call('startPersonalisation', {
        params: { id },
        body: { cardSerial: card.serial, atr: '3b00', workerKey: worker.key },
      })
    const one = await start(first)
    const two = await start(second)
    const secrets = await first.open(one.secrets)
    expect((await second.open(two.secrets)).values).toEqual(secrets.values)
    expect(secrets).toMatchObject({ use: 'card-secrets', card: card.serial })
    expect(secrets.values.puk).toMatch(/^[0-9]{8}$/)
    expect(secrets.values.managementKey).toMatch(/^[0-9a-f]{48}$/)
    expect(two.guid).toBe(one.guid)
    expect(two.expiresOn).toBe(one.expiresOn)
  })
})

describe('when a certificate is asked for', () => {
  it('gives the same for the same key, and for another key revokes the first', async () => {
    const { id } = await approvedEnrolment(anna, officer)
    const card = blankCard()
    await personalise(anna, id, card, 'certificate:9A')
    const issue = async () => {
      const csr = Buffer.from(await card.csr('9A')).toString('base64')
      return anna.call('issueCertificate', { params: { id }, body: { cardSerial: card.serial, slot: '9A', csr } })
    }
    const one = await issue()
    expect((await issue()).certificate.serial).toBe(one.certificate.serial)
    card.generate('9A')
    await completeStep(anna, id, card, 'key:9A', Date.now() - 1)
    await completeStep(anna, id, card, 'request:9A')
    const two = await issue()
    expect(two.certificate.serial).not.toBe(one.certificate.serial)
    expect(await isRevoked(one.certificate.serial)).toBe(true)
    expect(await isRevoked(two.certificate.serial)).toBe(false)
    const states = (await read(id)).certificates.map((one) => one.state)
    expect(states).toEqual(['revoked', 'issued'])
    expect((await personalise(anna, id, card)).state).toBe('issued')
  })

  const bad: [string, (card: SoftCard) => Promise<object>, string][] = [
    [
      'a request for another card',
      async (card) => ({ cardSerial: 'FFFF', slot: '9A', csr: await csrOf(card, '9A') }),
      'CARD_MISMATCH',
    ],
    [
      'a slot the profile has not',
      async (card) => ({ cardSerial: card.serial, slot: '9E', csr: await csrOf(card, '9A') }),
      'CA_REQUEST_INVALID',
    ],
    [
      'a slot whose turn has not come',
      async (card) => ({ cardSerial: card.serial, slot: '9C', csr: await csrOf(card, '9C') }),
      'ENROLMENT_STATE',
    ],
    [
      'bytes that are no request',
      async (card) => ({ cardSerial: card.serial, slot: '9A', csr: 'AAAA' }),
      'CA_REQUEST_INVALID',
    ],
  ]
  const csrOf = async (card: SoftCard, slot: '9A' | '9C') => Buffer.from(await card.csr(slot)).toString('base64')
  it.each(bad)('refuses %s', async (_name, body, code) => {
    const { id } = await approvedEnrolment(anna, officer)
    const card = blankCard()
    await personalise(anna, id, card, 'certificate:9A')
    const call = anna.call('issueCertificate', { params: { id }, body: (await body(card)) as never })
    expect((await refusal(call)).code).toBe(code)
  })
})

describe('when something comes between', () => {
  it('continues after a restart at every step', async () => {
    const card = blankCard()
    const target = (await approvedEnrolment(anna, officer)).id
    for (const stop of ['management-key', 'key:9A', 'certificate:9A', 'write:9A', 'certificate:9C', 'finish']) {
      expect((await personalise(anna, target, card, stop)).state).toBe('personalising')
      await server.restart()
    }
    const issued = await personalise(anna, target, card)
    expect(issued.state).toBe('issued')
    expect(issued.certificates).toHaveLength(3)
    expect(issued.certificates.every((one) => one.state === 'issued')).toBe(true)
  })

  it('keeps why it stopped, and goes on', async () => {
    const { id } = await approvedEnrolment(anna, officer)
    const card = blankCard()
    await personalise(anna, id, card, 'key:9C')
    const body = { code: 'CARD_REMOVED' as const, step: 'key:9C' }
    const stopped = await anna.call('interruptPersonalisation', { params: { id }, body })
    expect(stopped).toMatchObject({ state: 'interrupted', interruption: { code: 'CARD_REMOVED' } })
    expect(stopped.steps.find((step) => step.id === 'key:9C')).toMatchObject({ state: 'failed', error: 'CARD_REMOVED' })
    const issued = await personalise(anna, id, card)
    expect(issued).toMatchObject({ state: 'issued', interruption: null })
  })

  it('refuses another card in the middle', async () => {
    const { id } = await approvedEnrolment(anna, officer)
    await personalise(anna, id, blankCard(), 'key:9A')
    expect((await refusal(personalise(anna, id, blankCard()))).code).toBe('CARD_MISMATCH')
  })

  it('refuses a card that is not blank', async () => {
    const card = blankCard()
    await personalise(anna, (await approvedEnrolment(anna, officer)).id, card)
    const refused = await refusal(personalise(anna, (await approvedEnrolment(anna, officer)).id, card))
    expect(refused).toMatchObject({ code: 'CARD_NOT_BLANK', detail: { state: 'active' } })
    const own = refusal(personalise(anna, (await approvedEnrolment(anna, officer)).id, officer))
    expect((await own).code).toBe('CARD_NOT_BLANK')
  })

  it('rolls back: certificates revoked, a wiped card blank again, the enrolment free for another', async () => {
    const { id } = await approvedEnrolment(anna, officer)
    const card = blankCard()
    const half = await personalise(anna, id, card, 'key:9C')
    const [first] = half.certificates
    const body = { cardWiped: true, reason: 'reader broke' }
    const back = await anna.call('rollBack', { params: { id }, body })
    expect(back).toMatchObject({ state: 'approved', cardSerial: null, steps: [] })
    expect((await anna.call('rollBack', { params: { id }, body })).etag).toBe(back.etag)
    expect(await isRevoked(first?.serial ?? '')).toBe(true)
    expect((await crl()).number).toBeGreaterThan(0n)
    expect((await anna.call('readCard', { params: { serial: card.serial } })).state).toBe('blank')
    for (const slot of ['9A', '9C', '9D'] as const) card.generate(slot)
    expect((await personalise(anna, id, card)).state).toBe('issued')
  })

  it('rolls back a card that could not be wiped: it is terminated', async () => {
    const { id } = await approvedEnrolment(anna, officer)
    const card = blankCard()
    await personalise(anna, id, card, 'write:9A')
    await anna.call('rollBack', { params: { id }, body: { cardWiped: false, reason: 'card broken' } })
    expect((await anna.call('readCard', { params: { serial: card.serial } })).state).toBe('terminated')
    expect((await refusal(personalise(anna, id, card))).code).toBe('CARD_NOT_BLANK')
    expect((await personalise(anna, id, blankCard())).state).toBe('issued')
  })
})

describe('when a step is asked for in a state that does not allow it', () => {
  const stages: [string, () => Promise<{ view: EnrolmentView; card: SoftCard }>, HttpName[]][] = [
    [
      'draft',
      async () => ({ view: (await startEnrolment(anna)).enrolment, card: blankCard() }),
      [
        'readRecord',
        'startPersonalisation',
        'completeStep',
        'issueCertificate',
        'interruptPersonalisation',
        'rollBack',
        'startHandOver',
        'handOver',
      ],
    ],
    [
      'approved',
      async () => ({ view: await approvedEnrolment(anna, officer), card: blankCard() }),
      ['setProofing', 'setProfile', 'completeStep', 'issueCertificate', 'interruptPersonalisation', 'startHandOver'],
    ],
    [
      'personalising',
      async () => {
        const card = blankCard()
        return { view: await personalise(anna, (await approvedEnrolment(anna, officer)).id, card, 'key:9A'), card }
      },
      ['setProofing', 'setProfile', 'cancelEnrolment', 'startHandOver', 'handOver'],
    ],
    [
      'issued',
      async () => {
        const card = blankCard()
        return { view: await personalise(anna, (await approvedEnrolment(anna, officer)).id, card), card }
      },
      [
        'setProofing',
        'setProfile',
        'startPersonalisation',
        'issueCertificate',
        'interruptPersonalisation',
        'rollBack',
        'cancelEnrolment',
      ],
    ],
    [
      'cancelled',
      async () => {
        const { enrolment } = await startEnrolment(anna)
        const params = { id: enrolment.id }
        return { view: await anna.call('cancelEnrolment', { params, body: { reason: 'left' } }), card: blankCard() }
      },
      ['setProofing', 'setProfile', 'readRecord', 'startPersonalisation', 'rollBack', 'handOver'],
    ],
  ]

  const attempt = async (name: HttpName, view: EnrolmentView, card: SoftCard): Promise<unknown> => {
    const params = { id: view.id }
    const options = { ifMatch: view.etag }
    const workerKey = makeWorker().key
    const cardSerial = card.serial
    const calls: Partial<Record<HttpName, () => Promise<unknown>>> = {
      setProofing: () => anna.call('setProofing', { params, body: makeProofing() }, options),
      setProfile: () => anna.call('setProfile', { params, body: { profile: 'staff-p256' } }, options),
      readRecord: () => anna.call('readRecord', { params }),
      startPersonalisation: () =>
        anna.call('startPersonalisation', { params, body: { cardSerial, atr: '3b00', workerKey } }),
      completeStep: () => completeStep(anna, view.id, card, 'key:9A'),
      issueCertificate: async () => {
        const csr = Buffer.from(await card.csr('9A')).toString('base64')
        return anna.call('issueCertificate', { params, body: { cardSerial, slot: '9A', csr } })
      },
      interruptPersonalisation: () =>
        anna.call('interruptPersonalisation', { params, body: { code: 'CARD_MUTE', step: null } }),
      rollBack: () => anna.call('rollBack', { params, body: { cardWiped: false, reason: 'x' } }),
      startHandOver: () => anna.call('startHandOver', { params, body: { cardSerial, workerKey } }),
      handOver: () => anna.call('handOver', { params, body: { cardSerial } }),
      cancelEnrolment: () => anna.call('cancelEnrolment', { params, body: { reason: 'x' } }),
    }
    return calls[name]?.()
  }

  it.each(stages)('refuses it in %s, and changes nothing', async (state, make, names) => {
    const { view, card } = await make()
    expect(view.state).toBe(state)
    for (const name of names) {
      const refused = await refusal(attempt(name, view, card))
      expect([name, ['ENROLMENT_STATE', 'CARD_MISMATCH'].includes(refused.code)]).toEqual([name, true])
    }
    expect((await read(view.id)).etag).toBe(view.etag)
  })

  it('refuses a step before its turn, and one that is not in the plan', async () => {
    const { id } = await approvedEnrolment(anna, officer)
    const card = blankCard()
    await personalise(anna, id, card, 'pin-puk')
    expect((await refusal(completeStep(anna, id, card, 'write:9A'))).detail['reason']).toBe('step-early')
    expect((await refusal(completeStep(anna, id, card, 'key:9E'))).detail['reason']).toBe('step-unknown')
    expect((await refusal(completeStep(anna, id, card, 'finish'))).detail['reason']).toBe('step-early')
  })
})

describe('when the registration record is signed', () => {
  const ready = async (): Promise<EnrolmentView> => {
    const { enrolment } = await startEnrolment(anna)
    const params = { id: enrolment.id }
    const proofed = await anna.call('setProofing', { params, body: makeProofing() }, { ifMatch: enrolment.etag })
    return anna.call('setProfile', { params, body: { profile: 'staff-p256' } }, { ifMatch: proofed.etag })
  }
  const sendIn = async (
    view: EnrolmentView,
    change: (text: string) => string,
    card = officer,
    slot: '9A' | '9C' = '9C',
  ) => {
    const params = { id: view.id }
    const { canonical } = await anna.call('readRecord', { params })
    const text = change(Buffer.from(canonical, 'base64').toString('utf8'))
    const cms = Buffer.from(await card.sign(slot, new Uint8Array(Buffer.from(text)), false)).toString('base64')
    return anna.call('setRecord', { params, body: { cms } }, { ifMatch: view.etag })
  }

  it('is shown afterwards as it was signed, whatever changed since', async () => {
    const view = await ready()
    let signed = ''
    const approved = await sendIn(view, (text) => (signed = text))
    expect(approved.state).toBe('approved')
    const { record, canonical } = await anna.call('readRecord', { params: { id: view.id } })
    expect(Buffer.from(canonical, 'base64').toString('utf8')).toBe(signed)
    expect(record).toEqual(JSON.parse(signed))
  })

  const rows: [string, (text: string) => string, string, string][] = [
    ['another holder name', (t) => t.replace('Giulia', 'Giulio'), 'RECORD_INVALID', 'differs'],
    [
      'another enrolment',
      (t) => t.replace(/"enrolment":"[^"]+"/, '"enrolment":"enrolment_00000000abc"'),
      'RECORD_INVALID',
      'differs',
    ],
    [
      'an old time',
      (t) => t.replace(/"time":(\d+),/, (_m, n: string) => `"time":${Number(n) - 3_600_000},`),
      'RECORD_INVALID',
      'time',
    ],
    ['an extra member', (t) => t.replace('{', '{"admin":true,'), 'RECORD_INVALID', 'form'],
    ['other bytes for the same', (t) => `${t} `, 'RECORD_INVALID', 'form'],
  ]
  it.each(rows)('refuses %s', async (_name, change, code, reason) => {
    const refused = await refusal(sendIn(await ready(), change))
    expect(refused).toMatchObject({ code, detail: { reason } })
  })

  it('refuses the sign-in key, and another officer’s card', async () => {
    const view = await ready()
    expect((await refusal(sendIn(view, (t) => t, officer, '9A'))).code).toBe('CERTIFICATE_WRONG_USAGE')
    const other = server.cards['nadia'] as SoftCard
    expect((await refusal(sendIn(view, (t) => t, other))).detail['reason']).toBe('other-operator')
    expect((await signRecord(anna, officer, view)).state).toBe('approved')
  })
})

describe('when the proofing is not sound', () => {
  const rows: [string, Parameters<typeof makeProofing>[0], string, string?][] = [
    ['an expired document', { expiresOn: '2020-01-01', mrz: null }, 'expiresOn', 'expired'],
    ['a missing face feature', { faceFeatures: ['eyes', 'nose'] }, 'faceFeatures', 'missing'],
    [
      'a wrong check digit',
      { mrz: makeProofing().mrz?.replace('YA1234567', 'YA1234568') ?? null },
      'mrz',
      'check-digit',
    ],
    ['another number than in the zone', { documentNumber: 'YA7654321' }, 'documentNumber', 'differs'],
    ['another expiry than in the zone', { expiresOn: '2032-03-01' }, 'expiresOn', 'differs'],
    ['a zone that is cut off', { mrz: 'P<ITAROSSI<<ANNA' }, 'mrz', 'unreadable'],
  ]
  it.each(rows)('refuses %s', async (_name, changes, field, reason) => {
    const { enrolment } = await startEnrolment(anna)
    const call = anna.call(
      'setProofing',
      { params: { id: enrolment.id }, body: makeProofing(changes) },
      { ifMatch: enrolment.etag },
    )
    expect(await refusal(call)).toMatchObject({ code: 'PROOFING_INVALID', detail: { field, reason } })
  })
})
