import { compactDecrypt } from 'jose'
import type { DeskHandlers } from '../../../shared/contract/desk.ts'
import { AppError } from '../../../shared/contract/errors.ts'
import { SealedContent } from '../../../shared/contract/sealed.ts'
import type { EnrolmentRow, EnrolmentView, HolderRow, HolderView, ReaderView } from '../../../shared/contract/views.ts'
import {
  blankCard,
  certificateView,
  emptyReader,
  NOW,
  office,
  officer,
  personCard,
  profiles,
  session,
  station,
  trail,
  withCard,
} from './data.ts'
import { runSteps } from './personalise.ts'
import { HOLDER_SERIAL, OFFICER_SERIAL, type World } from './world.ts'

const OFFICER_PIN = '123456'
const HOLDER_PIN = '246810'
const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/** One handler per call, over one world. `emit` sends events. */
export function makeCalls(world: World, emit: (event: string, value: unknown) => void): DeskHandlers {
  const reader = (name: string): ReaderView => {
    const found = world.readers.find((candidate) => candidate.name === name)
    if (found === undefined) throw new AppError('READER_NOT_FOUND')
    return found
  }
  const replaceReader = (next: ReaderView): ReaderView => {
    world.readers = world.readers.map((old) => (old.name === next.name ? next : old))
    emit('readers', world.readers)
    return next
  }
  const unseal = async (sealed: string): Promise<SealedContent> => {
    const { secret } = await world.sealKey
    const { plaintext } = await compactDecrypt(sealed, secret)
    return SealedContent.parse(JSON.parse(new TextDecoder().decode(plaintext)))
  }
  /** Counts a try as a card does; throws PIN_WRONG with the tries left. */
  const checkPin = (name: string, pin: string | undefined): ReaderView => {
    const view = reader(name)
    const { card } = view
    if (card === null) throw new AppError('CARD_NOT_PRESENT')
    if (card.pinTries === 0) throw new AppError('CARD_PIN_BLOCKED')
    const right = card.serial === HOLDER_SERIAL ? HOLDER_PIN : OFFICER_PIN
    const left = pin === right ? 3 : (card.pinTries ?? 1) - 1
    const next = replaceReader({ ...view, card: { ...card, pinTries: left } })
    if (pin !== right) throw new AppError(left === 0 ? 'CARD_PIN_BLOCKED' : 'CARD_PIN_WRONG', { triesLeft: left })
    return next
  }
  const enrolment = (id: string): EnrolmentView => {
    const found = world.enrolments.get(id)
    if (found === undefined) throw new AppError('ENROLMENT_NOT_FOUND')
    return found
  }
  const change = (view: EnrolmentView, with_: Partial<EnrolmentView>): EnrolmentView => {
    const next = { ...view, ...with_, etag: `"${Number(view.etag.slice(1, -1)) + 1}"`, updatedAt: Date.now() }
    world.enrolments.set(view.id, next)
    return next
  }
  const holder = (id: string): HolderView => {
    const found = world.holders.find((candidate) => candidate.id === id)
    if (found === undefined) throw new AppError('HOLDER_NOT_FOUND')
    return found
  }
  const isOpen = (view: EnrolmentView) => !['handed-over', 'cancelled', 'rejected'].includes(view.state)
  const ofHolder = (id: string) => [...world.enrolments.values()].filter((view) => view.holder.id === id)
  const row = (view: HolderView): HolderRow => ({
    ...view,
    activeCards: world.cards.filter((card) => card.holder?.id === view.id && card.state === 'active').length,
    openEnrolments: ofHolder(view.id).filter(isOpen).length,
  })
  const enrolmentRow = (view: EnrolmentView): EnrolmentRow => ({
    id: view.id,
    state: view.state,
    holderId: view.holder.id,
    holderName: `${view.holder.givenNames} ${view.holder.familyName}`,
    profileId: view.profile?.id ?? null,
    officer: view.officer,
    cardSerial: view.cardSerial,
    updatedAt: view.updatedAt,
    createdAt: view.createdAt,
  })
  const setSession = (next: World['session']) => {
    world.session = next
    emit('session', next)
    return next
  }
  const page = <T>(all: readonly T[], limit: number, cursor: string | undefined) => {
    const from = Number(cursor ?? '0')
    return { items: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : null }
  }
  const online = () => {
    if (world.scene === 'offline') throw new AppError('NETWORK_OFFLINE')
    if (world.scene === 'failing') throw new AppError('INTERNAL')
  }

  return {
    'app.info': async () => ({
      version: '0.1.0',
      host: 'browser',
      platform: 'linux',
      server: { url: 'https://127.0.0.1:8443', name: 'countersign.example' },
      station,
      keyPaths: ['piv', 'pkcs11'],
      demo: true,
    }),
    'app.sealKey': async () => (await world.sealKey).jwk,
    'connection.state': async () => world.connection,
    'readers.list': async () => world.readers,
    'session.state': async () => world.session,
    'session.signIn': async ({ reader: name, pin }) => {
      checkPin(name, (await unseal(pin)).values.pin)
      return setSession({ status: 'signed-in', session: session(officer, 'RO', OFFICER_SERIAL), reader: name })
    },
    'session.signOut': async () => setSession({ status: 'signed-out' }),
    'session.lock': async () =>
      world.session.status === 'signed-out'
        ? world.session
        : setSession({ status: 'locked', session: world.session.session, why: 'manual' }),
    'console.find': async () => ({
      id: 'con_00000001',
      address: '192.168.10.24',
      browser: 'Firefox 145 on Windows',
      sessionKey: (await world.sealKey).jwk,
      nonce: 'A'.repeat(43),
      serverName: 'countersign.example',
      createdAt: NOW,
      expiresAt: NOW + 300_000,
    }),
    'console.approve': async ({ pin }) => {
      checkPin(world.readers[0]?.name ?? '', (await unseal(pin)).values.pin)
      return { done: true }
    },
    'holders.search': async ({ text, limit, cursor }) => {
      online()
      const words = plain(text).split(/\s+/)
      const found = world.holders.filter((view) =>
        words.every((word) =>
          plain(`${view.givenNames} ${view.familyName} ${view.personalNumber ?? ''}`).includes(word),
        ),
      )
      return page(found.map(row), limit, cursor)
    },
    'holders.get': async ({ id }) => {
      online()
      return {
        holder: holder(id),
        cards: world.cards.filter((card) => card.holder?.id === id),
        enrolments: ofHolder(id).map(enrolmentRow),
      }
    },
    'holders.create': async ({ fields }) => {
      online()
      const made: HolderView = {
        ...fields,
        id: `hld_new${String(world.holders.length).padStart(8, '0')}`,
        office,
        etag: '"1"',
        createdAt: Date.now(),
        updatedAt: Date.now(),
      }
      world.holders.unshift(made)
      return made
    },
    'holders.update': async ({ id, etag, fields }) => {
      const old = holder(id)
      // One person is always changed by somebody else first, so that the conflict can be seen.
      if (old.familyName === 'Bianchi' && etag === '"1"') {
        world.holders = world.holders.map((view) =>
          view.id === id ? { ...view, etag: '"2"', email: 'luca.b@example.org' } : view,
        )
        throw new AppError('REQUEST_PRECONDITION_FAILED')
      }
      const next = { ...old, ...fields, etag: `"${Number(old.etag.slice(1, -1)) + 1}"`, updatedAt: Date.now() }
      world.holders = world.holders.map((view) => (view.id === id ? next : view))
      return next
    },
    'trail.get': async ({ objectType, objectId, limit, cursor }) => {
      online()
      return page(trail(objectType, objectId, 'Anna Maria Rossi'), limit, cursor)
    },
    'profiles.list': async () => profiles,
    'enrolments.list': async ({ open, limit, cursor }) => {
      online()
      const all = [...world.enrolments.values()].filter((view) => open !== true || isOpen(view))
      return page(all.map(enrolmentRow), limit, cursor)
    },
    'enrolments.get': async ({ id }) => enrolment(id),
    'enrolments.create': async ({ holder: id }) => {
      const view: EnrolmentView = {
        id: `enr_new${String(world.enrolments.size).padStart(8, '0')}`,
        etag: '"1"',
        state: 'draft',
        holder: holder(id),
        proofing: null,
        profile: null,
        office,
        officer,
        cardSerial: null,
        signedAt: null,
        steps: [],
        certificates: [],
        interruption: null,
        createdAt: Date.now(),
        updatedAt: Date.now(),
      }
      world.enrolments.set(view.id, view)
      return view
    },
    'enrolments.prove': async ({ id, proofing: fields }) =>
      change(enrolment(id), {
        state: 'proofed',
        proofing: { ...fields, id: 'prf_00000009', comparedBy: officer, comparedAt: Date.now() },
      }),
    'enrolments.chooseProfile': async ({ id, profile }) =>
      change(enrolment(id), { profile: profiles.find((candidate) => candidate.id === profile) ?? null }),
    'enrolments.record': async ({ id }) => {
      const view = enrolment(id)
      const { proofing, profile, holder: person } = view
      if (proofing === null || profile === null) throw new AppError('ENROLMENT_STATE')
      const { comparedBy: _by, ...seen } = proofing
      const { givenNames, familyName, birthDate, nationality, personalNumber, email } = person
      return {
        type: 'countersign/registration-record/v1',
        enrolment: id,
        server: 'countersign.example',
        officer,
        office,
        station: station.id,
        holder: { id: person.id, givenNames, familyName, birthDate, nationality, personalNumber, email },
        proofing: seen,
        profile: profile.id,
        certificates: profile.keys,
        time: NOW,
      }
    },
    'enrolments.sign': async ({ id, pin }) => {
      checkPin(world.readers[0]?.name ?? '', (await unseal(pin)).values.pin)
      return change(enrolment(id), { state: 'approved', signedAt: Date.now() })
    },
    'enrolments.personalise': async ({ id, reader: name }) => {
      const { card } = reader(name)
      if (card === null || card.serial === null) throw new AppError('CARD_NOT_PRESENT')
      const view = enrolment(id)
      const issued = await runSteps(view, card.serial, 350, (next, ms) => {
        world.enrolments.set(id, next)
        emit('enrolment.progress', { enrolment: next, running: true, ms })
      })
      const person = `${view.holder.givenNames} ${view.holder.familyName}`
      const done = {
        ...issued,
        certificates: (view.profile?.keys ?? []).map((key, i) => certificateView(key.slot, person, `5f0${i}ab`)),
      }
      world.enrolments.set(id, done)
      emit('enrolment.progress', { enrolment: done, running: false, ms: 7000 })
      replaceReader(withCard(name, personCard(person, card.serial)))
      return done
    },
    'enrolments.rollBack': async ({ id }) =>
      change(enrolment(id), { state: 'approved', cardSerial: null, steps: [], interruption: null }),
    'enrolments.cancel': async ({ id }) => change(enrolment(id), { state: 'cancelled' }),
    'enrolments.pinChosen': async () => ({ chosen: 'no' }),
    'enrolments.handOver': async ({ id, newPin }) => {
      if (newPin !== null) await unseal(newPin)
      return change(enrolment(id), { state: 'handed-over' })
    },
    'enrolments.receipt': async ({ id }) => ({ fileName: `receipt-${id}.pdf`, pdf: btoa('%PDF-1.4\n%%EOF\n') }),
    'cards.inspect': async ({ reader: name }) => {
      const view = reader(name)
      const known = world.cards.find((card) => card.serial === view.card?.serial) ?? null
      const findings = known === null && view.card?.blank !== true ? (['unknown-card'] as const) : []
      return { reader: view, known, findings: [...findings] }
    },
    'cards.find': async ({ text, limit, cursor }) =>
      page(
        world.cards.filter((card) => card.serial.includes(text.toUpperCase().replace(/\s/g, ''))),
        limit,
        cursor,
      ),
    'cards.get': async ({ serial }) => {
      const found = world.cards.find((card) => card.serial === serial)
      if (found === undefined) throw new AppError('CARD_NOT_FOUND')
      return found
    },
    'cards.changePin': async ({ reader: name, pins }) => checkPin(name, (await unseal(pins)).values.pin),
    'cards.checkPin': async ({ reader: name, pin }) => checkPin(name, (await unseal(pin)).values.pin),
    'cards.unblock': async ({ reader: name, newPin }) => {
      await unseal(newPin)
      const view = reader(name)
      return replaceReader(view.card === null ? view : { ...view, card: { ...view.card, pinTries: 3 } })
    },
    'certificates.revoke': async ({ serial, reason }) => {
      const all = world.cards.flatMap((card) => card.certificates)
      const found = all.find((certificate) => certificate.serial === serial)
      if (found === undefined) throw new AppError('CERTIFICATE_NOT_FOUND')
      const next = { ...found, state: 'revoked' as const, revokedAt: Date.now(), revocationReason: reason }
      world.cards = world.cards.map((card) => ({
        ...card,
        certificates: card.certificates.map((old) => (old.serial === serial ? next : old)),
      }))
      return next
    },
    'drafts.get': async ({ name }) => ({ value: (world.drafts.get(name) ?? null) as never }),
    'drafts.put': async ({ name, value }) => {
      world.drafts.set(name, value)
      return { done: true }
    },
    'exports.list': async ({ limit, cursor }) => {
      online()
      return page(world.scene === 'empty' ? [] : world.exports, limit, cursor)
    },
    'exports.cancel': async ({ id }) => {
      online()
      const found = world.exports.find((view) => view.id === id)
      if (found === undefined) throw new AppError('EXPORT_NOT_FOUND')
      if (found.state !== 'running' && found.state !== 'waiting') throw new AppError('EXPORT_STATE')
      const next = { ...found, state: 'cancelled', phase: null, endedAt: NOW } as const
      world.exports = world.exports.map((view) => (view.id === id ? next : view))
      return next
    },
    'exports.sign': async ({ id, pin }) => {
      const { card } = checkPin(world.readers[0]?.name ?? '', (await unseal(pin)).values.pin)
      const found = world.exports.find((view) => view.id === id)
      if (found === undefined) throw new AppError('EXPORT_NOT_FOUND')
      const name = card?.certificates[0]?.subject.replace(/^CN=|,.*/g, '') ?? ''
      const next = { ...found, signers: [...found.signers, { name, kind: 'card', level: 'B-B', at: NOW } as const] }
      world.exports = world.exports.map((view) => (view.id === id ? next : view))
      return next
    },
    'diagnostics.checks': async () => [
      { name: 'server', state: 'ok', detail: 'countersign.example answers, TLS 1.3', ms: 12 },
      { name: 'card-service', state: 'ok', detail: 'process 4121, 3 h', ms: 3 },
      { name: 'readers', state: 'ok', detail: '2 readers', ms: 1 },
      { name: 'key-paths', state: 'warning', detail: 'piv; no PKCS#11 module found', ms: 41 },
      { name: 'clock', state: 'ok', detail: '0.2 s from the server', ms: 0 },
      { name: 'store', state: 'failed', detail: 'locked by another program', ms: 5 },
    ],
    'diagnostics.report': async () => ({ fileName: 'countersign-report.txt', text: 'Countersign 0.1.0\n' }),
    'witness.state': async () => world.witness,
    'witness.check': async () => world.witness,
    'demo.cards': async () => world.demo,
    'demo.insert': async ({ reader: name, card: id }) => {
      world.demo = world.demo.map((card) =>
        card.inReader === name ? { ...card, inReader: null } : card.id === id ? { ...card, inReader: name } : card,
      )
      const card = world.demo.find((candidate) => candidate.id === id)
      const view =
        card === undefined
          ? emptyReader(name)
          : withCard(
              name,
              card.blank ? blankCard(card.serial) : personCard(card.label.replace(/ \(.*/, ''), card.serial),
            )
      replaceReader({ ...view, changedAt: Date.now() })
      if (card === undefined && world.session.status === 'signed-in' && world.session.reader === name)
        setSession({ status: 'locked', session: world.session.session, why: 'card-removed' })
      return world.readers
    },
    'demo.newCard': async () => {
      const n = world.demo.length
      const made = {
        id: `blank-${n}`,
        label: `Blank card ${n}`,
        serial: `B1A40000000${n}`,
        blank: true,
        inReader: null,
      }
      world.demo = [...world.demo, made]
      return made
    },
  }
}
