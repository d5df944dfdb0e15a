import { afterAll, describe, expect, it } from 'vitest'
import { Clerk, HOLDER_PIN } from './clerk.ts'
import { expectIssuedOnce } from './evidence.ts'
import { Stage } from './stage.ts'

/** The requests of issuing, in order: each is a moment in which a program may die. */
const UNTIL_CARD = [
  'createChallenge',
  'signIn',
  'createHolder',
  'createEnrolment',
  'setProofing',
  'setProfile',
  'readRecord',
  'setRecord',
  'startPersonalisation',
  'completeStep management-key',
  'completeStep pin-puk',
  'completeStep chuid',
] as const
const PER_SLOT = [
  'completeStep key:',
  'completeStep request:',
  'issueCertificate ',
  'completeStep write:',
  'completeStep read-back:',
] as const
const AFTER_CARD = ['completeStep finish', 'startHandOver', 'handOver'] as const

/**
 * With SOAK=1 every moment in both slots, each in an issuing of its own, cards in the worker. Else all moments
 * of a column in one issuing, a kind of step in one of the two slots.
 */
const SOAK = process.env['SOAK'] === '1'

function moments(shift: number): string[] {
  const slots = (place: number) => (SOAK ? ['9A', '9C'] : [(place + shift) % 2 === 0 ? '9A' : '9C'])
  const perSlot = PER_SLOT.flatMap((label, place) => slots(place).map((slot) => `${label}${slot}`))
  return [...UNTIL_CARD, ...perSlot, ...AFTER_CARD]
}

const letters = (n: number) => String.fromCharCode(65 + Math.floor(n / 26), 65 + (n % 26))

/** A power cut takes both at once; a few moments, as each by itself is looked at in its own columns. */
const POWER_CUT = ['startPersonalisation', 'issueCertificate 9C', 'handOver']
const PROGRAMS = {
  'the desk': { moments, kill: (stage: Stage) => stage.killDesk(), desks: 1 },
  'the server': { moments, kill: (stage: Stage) => stage.killServer(), desks: 0 },
  'desk and server': {
    moments: () => POWER_CUT,
    kill: (stage: Stage) => Promise.all([stage.killServer(), stage.killDesk()]).then(() => undefined),
    desks: 1,
  },
} as const
const TIMEOUT_MS = SOAK ? 6 * 3_600_000 : 900_000

/** A stage of its own for those who share it, one after another; stages run beside each other. */
function sharedStage(): <T>(use: (stage: Stage) => Promise<T>) => Promise<T> {
  let stage: Promise<Stage> | null = null
  let before: Promise<unknown> = Promise.resolve()
  afterAll(async () => (await stage)?.close())
  return (use) => {
    const mine = before.then(async () => use(await (stage ??= Stage.open({ cards: SOAK ? 'worker' : 'desk' }))))
    before = mine.catch(() => undefined)
    return mine
  }
}

describe.concurrent.each(Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[])('when %s is killed', (program) => {
  const { kill, desks } = PROGRAMS[program]
  const onStage = sharedStage()
  const columns = (['before', 'after'] as const).flatMap((at) => {
    const all = PROGRAMS[program].moments(at === 'before' ? 0 : 1)
    const rows = SOAK ? all.map((moment) => [moment]) : [all]
    return rows.map((row, n) => ({
      at,
      row,
      n,
      name: row.length > 1 ? `${row.length} moments in one issuing` : row[0],
    }))
  })
  it.each(columns)(
    '$at the server has the request, work goes on and one card is issued: $name',
    ({ at, row, n }) =>
      onStage(async (stage) => {
        const clerk = new Clerk(stage, { givenNames: 'Anna', familyName: `Rossi ${at} ${letters(n)}` })
        const card = await beginAnew(stage)
        stage.proxy.cuts = row.map((label) => ({ label, at, act: () => kill(stage) }))
        const view = await clerk.workUntil('handed-over')
        expect(stage.proxy.cuts.map(({ label }) => label)).toEqual([])
        expect(clerk.interruptions.filter((why) => why === 'DeskGone')).toHaveLength(desks * row.length)
        // The PUK of the vault is the card's, in spite of all: with it a blocked PIN is replaced.
        if (at === 'after') await clerk.unblock(card.serial, HOLDER_PIN)
        await expectIssuedOnce(stage, { view, card })
      }),
    TIMEOUT_MS,
  )
})

describe.concurrent('when the desk is killed while the card does a step', () => {
  const onStage = sharedStage()
  const slots = SOAK ? ['9A', '9C'] : ['9C']
  const perSlot = ['key', 'request', 'certificate', 'write', 'read-back']
  const steps = [
    'management-key',
    'pin-puk',
    'chuid',
    ...slots.flatMap((slot) => perSlot.map((kind) => `${kind}:${slot}`)),
    'finish',
  ]
  it(
    'goes on, wherever in the step that was',
    () =>
      onStage(async (stage) => {
        const clerk = new Clerk(stage, { givenNames: 'Anna', familyName: 'Rossi' })
        const toCome = new Set(steps)
        stage.onDesk = (desk) => {
          desk.on('enrolment.progress', ({ enrolment, running }) => {
            const now = enrolment.steps.find(({ state }) => state === 'running')
            if (running && now !== undefined && toCome.delete(now.id)) void desk.kill()
          })
        }
        const card = await beginAnew(stage)
        stage.place('officer', card.id, { delayMs: 10 })
        const view = await clerk.workUntil('handed-over')
        expect([...toCome]).toEqual([])
        expect(clerk.interruptions.filter((why) => why === 'DeskGone')).toHaveLength(steps.length)
        await expectIssuedOnce(stage, { view, card })
      }),
    TIMEOUT_MS,
  )
})

/** A blank card in the second reader, and nobody signed in, so that signing in is one of the moments. */
async function beginAnew(stage: Stage): Promise<{ id: string; serial: string }> {
  const card = await stage.makeCard()
  stage.place('officer', card.id)
  await stage.ready()
  await stage.user.call('session.signOut', {})
  return card
}
