import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
 * With COUNTERSIGN_SOAK=1 every moment in both slots, each in an issuing of its own, cards in the worker. Else all moments
 * of a column in one issuing, a kind of step in one of the two slots.
 */
const SOAK = process.env['COUNTERSIGN_SOAK'] === '1'

function moments(shift: number): string[] {
  const slots = (place: number) => (SOAK ? ['9A', '9C'] : [(place + shift) % 2 === 0 ? '9A' : '9C'])
  const perSlot = PER_SLOT.flatMap((label, place) => slots(place).map((slot) => `${label}${slot}`))
  return [...UNTIL_CARD, ...perSlot, ...AFTER_CARD]
}

const letters = (n: number) => String.fromCharCode(65 + Math.floor(n / 26), 65 + (n % 26))
const KILLS = { desk: (stage: Stage) => stage.killDesk(), server: (stage: Stage) => stage.killServer() }

/** Kills one program before the server has each request, then after it answered and before the desk knows. */
export function describeKills(program: keyof typeof KILLS): void {
  let stage: Stage
  beforeAll(async () => {
    stage = await Stage.open({ cards: SOAK ? 'worker' : 'desk' })
  })
  afterAll(() => stage.close())

  describe.each(['before', 'after'] as const)(`when the ${program} is killed %s the server has the request`, (at) => {
    const all = moments(at === 'before' ? 0 : 1)
    const rows = SOAK ? all.map((moment) => [moment]) : [all]
    it.each(rows.map((row, n) => ({ row, n, name: row.length > 1 ? `${row.length} moments in one issuing` : row[0] })))(
      'goes on and issues one card: $name',
      async ({ row, n }) => {
        // Nobody is signed in, so that signing in is one of the moments.
        await stage.ready()
        await stage.user.call('session.signOut', {})
        const card = await stage.makeCard()
        stage.place('officer', card.id)
        stage.proxy.cuts = row.map((label) => ({ label, at, act: () => KILLS[program](stage) }))
        const clerk = new Clerk(stage, { givenNames: 'Anna', familyName: `Rossi ${at} ${letters(n)}` })
        const view = await clerk.workUntil('handed-over')
        expect(stage.proxy.cuts.map(({ label }) => label)).toEqual([])
        if (program === 'desk') expect(clerk.interruptions.filter((why) => why === 'DeskGone')).toHaveLength(row.length)
        // The PUK of the vault is the card's, in spite of all: with it a blocked PIN is replaced.
        if (at === 'after') await clerk.unblock(card.serial, HOLDER_PIN)
        await expectIssuedOnce(stage, { view, card })
      },
      600_000,
    )
  })
}
