import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDesk } from '../../main/launch/check.ts'
import { startServer } from '../../main/launch/server.ts'
import type { DemoInstance } from '../../main/launch/demo.ts'
import { DeskUser } from '../../main/launch/desk-user.ts'
import { HOLDER_READER, issueCard, OFFICER_READER, StepClock } from '../../main/launch/main-job.ts'
import { stopProgram } from '../../main/launch/processes.ts'
import { median, round, type Figure } from './figure.ts'
import { withInstance } from './instance.ts'

const APDU_MS = 40
const ROUNDS = 5

/** Time of the issuing flow that is not the card answering, with cards that take 40 ms per command. */
export async function* benchOverhead(): AsyncIterable<Figure> {
  const runs = await withInstance(measure)
  const overheadMs = median(runs.map((run) => run.totalMs - run.cardMs))
  const totalMs = median(runs.map((run) => run.totalMs))
  yield {
    name: 'desk.overhead',
    value: round(overheadMs),
    unit: 'ms',
    ratio: round(overheadMs / totalMs),
    against: 'the whole flow, 40 ms per APDU',
    bar: { max: 0.25 },
  }
  yield {
    name: 'desk.overhead.absolute',
    value: round(overheadMs),
    unit: 'ms',
    ratio: null,
    against: null,
    bar: { max: 1500 },
  }
}

interface Run {
  totalMs: number
  cardMs: number
}

async function measure(instance: DemoInstance): Promise<Run[]> {
  slowCards(instance)
  const server = await startServer(instance)
  const desk = await openDesk(instance)
  try {
    const user = new DeskUser(desk)
    await user.until(
      async () => (await user.call('readers.list', {})).every(({ state }) => state === 'ready' || state === 'blank'),
      'the cards to be read',
    )
    const runs: Run[] = []
    for (let turn = 0; turn <= ROUNDS; turn++) {
      const card = await user.call('demo.newCard', {})
      await user.insert(HOLDER_READER, card.id)
      const before = await desk.cardTime()
      const started = performance.now()
      await issueCard(user, new StepClock(() => undefined))
      const totalMs = performance.now() - started
      const run = { totalMs, cardMs: (await desk.cardTime()).ms - before.ms }
      // The first one warms up.
      if (turn > 0) runs.push(run)
      await user.call('session.signOut', {})
      await user.insert(OFFICER_READER, 'officer')
    }
    return runs
  } finally {
    await desk.close()
    await stopProgram(server)
  }
}

function slowCards(instance: DemoInstance): void {
  const file = join(instance.folder, 'readers/readers.json')
  const state = JSON.parse(readFileSync(file, 'utf8')) as { readers: { delayMs?: number }[] }
  for (const reader of state.readers) reader.delayMs = APDU_MS
  writeFileSync(file, JSON.stringify(state))
}
