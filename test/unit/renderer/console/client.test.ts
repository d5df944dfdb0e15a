import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createClient, type Client } from '../../../../renderer/console/client/client.ts'
import {
  createMemoryVault,
  type KeptSession,
  type SessionVault,
} from '../../../../renderer/console/client/session-vault.ts'
import { runSignIn, type SignInState } from '../../../../renderer/console/stores/sign-in-flow.ts'
import type { Failure } from '../../../../shared/contract/index.ts'
import { ordinaryBehaviour, startFakeConsoleServer } from '../../../fakes/console/server.ts'

const behaviour = ordinaryBehaviour()
const server = await startFakeConsoleServer(behaviour)
afterAll(() => server.close())

/** A console without a browser: Node's fetch and WebCrypto against a real server that checks every proof. */
const makeConsole = (now: () => number = Date.now, answer?: () => Response) => {
  let kept: KeptSession | null = null
  const ended: Failure[] = []
  const vault: SessionVault = createMemoryVault()
  const client: Client = createClient({
    fetch: (path, init) =>
      answer === undefined ? fetch(new URL(path as string, server.url), init) : Promise.resolve(answer()),
    vault,
    session: () => kept,
    now,
    onSignedOut: (why) => ended.push(why),
  })
  const signIn = async (decide: (state: SignInState) => void) => {
    const states: SignInState[] = []
    const onState = (state: SignInState) => {
      states.push(state)
      decide(state)
    }
    const onSignedIn = async (next: KeptSession) => {
      kept = next
      await vault.save(next)
    }
    await runSignIn({ client, now, onState, onSignedIn, pollMs: 5 }, new AbortController().signal)
    return states.map((state) => state.phase)
  }
  return { client, ended, vault, signIn, kept: () => kept }
}
const approve = (state: SignInState) => {
  if (state.phase === 'waiting') server.decide(true)
}

beforeEach(() => Object.assign(behaviour, ordinaryBehaviour(), { delayMs: 0 }))

describe('when a console signs in', () => {
  it('is signed in once an operator approved its code', async () => {
    const console_ = makeConsole()
    const phases = await console_.signIn(approve)
    expect(phases.slice(0, 2)).toEqual(['starting', 'waiting'])
    expect(console_.kept()?.session.operator.name).toBe('Chiara Ricci')
    const session = await console_.client.call('readSession', {})
    expect(session).toMatchObject({ ok: true, value: { kind: 'console' } })
  })
  it('says that it was refused', async () => {
    const refuse = (state: SignInState) => {
      if (state.phase === 'waiting') server.decide(false)
    }
    expect((await makeConsole().signIn(refuse)).at(-1)).toBe('refused')
  })
  it('says that the code ran out', async () => {
    behaviour.codeMs = 1
    expect((await makeConsole().signIn(() => undefined)).at(-1)).toBe('expired')
  })
  it('says why there is no code', async () => {
    behaviour.failing.add('createConsoleRequest')
    expect((await makeConsole().signIn(() => undefined)).at(-1)).toBe('failed')
  })
})

describe('when cookies could go along', () => {
  it.each([
    [undefined, 'omit'],
    [true, 'same-origin'],
  ] as const)('takesCookie %s: credentials %s', async (takesCookie, credentials) => {
    const asked: RequestInit[] = []
    const client = createClient({
      fetch: (_path, init) => {
        asked.push(init ?? {})
        return Promise.resolve(new Response('{}'))
      },
      vault: createMemoryVault(),
      session: () => null,
      now: Date.now,
      onSignedOut: () => undefined,
    })
    await client.call('ping', {}, takesCookie === undefined ? {} : { takesCookie })
    expect(asked.map((init) => init.credentials)).toEqual([credentials])
  })
})

describe('when a signed-in console calls', () => {
  it('has many calls under way at once and every proof accepted', async () => {
    const { client, signIn } = makeConsole()
    await signIn(approve)
    const calls = Array.from({ length: 60 }, (_, n) =>
      client.call('listAudit', { query: { limit: 1, text: `é ${n}'` } }),
    )
    expect((await Promise.all(calls)).filter((result) => !result.ok)).toEqual([])
  })
  it('sends the idempotency key and the body that was proved', async () => {
    const { client, signIn } = makeConsole()
    await signIn(approve)
    const refused = await client.call('startVerification', { body: { depth: 'quick' } })
    expect(refused).toMatchObject({ ok: false, error: { code: 'REQUEST_INVALID' } })
    const started = await client.call('startVerification', { body: { depth: 'quick' } }, { idempotencyKey: 'k-1' })
    expect(started).toMatchObject({ ok: true, value: { depth: 'quick', state: 'running' } })
    if (started.ok) await client.call('cancelVerification', { params: { id: started.value.id } })
  })
  it('tells a denial by its code and keeps the session', async () => {
    behaviour.roles = ['SA']
    const { client, signIn, ended } = makeConsole()
    await signIn(approve)
    const denied = await client.call('listAudit', { query: {} })
    expect(denied).toMatchObject({
      ok: false,
      error: { code: 'ACCESS_DENIED', id: expect.stringMatching(/^[0-9a-f]{8}$/) },
    })
    expect(ended).toEqual([])
  })
  it('is told once that the session ended', async () => {
    const { client, signIn, ended } = makeConsole()
    await signIn(approve)
    await client.call('endSession', { query: {} })
    const after = await client.call('readSession', {})
    expect(after).toMatchObject({ ok: false, error: { code: 'SESSION_REQUIRED' } })
    expect(ended.map((failure) => failure.code)).toEqual(['SESSION_REQUIRED'])
  })
  it('is refused when its clock is more than a minute off', async () => {
    const { client, signIn } = makeConsole(() => Date.now() + 61_000)
    behaviour.codeMs = 600_000
    await signIn(approve)
    expect(await client.call('readSession', {})).toMatchObject({ ok: false, error: { code: 'SESSION_PROOF_INVALID' } })
  })
  it('refuses what is not in the contract before it leaves', async () => {
    const { client, signIn } = makeConsole()
    await signIn(approve)
    const wrong = await client.call('readVerification', { params: { id: '../session' } })
    expect(wrong).toMatchObject({ ok: false, error: { code: 'REQUEST_INVALID', id: expect.stringMatching(/^c-/) } })
  })
})

describe('when the answer is not one of the contract', () => {
  it.each([
    ['HTML', () => new Response('<h1>Welcome to the guest network</h1>', { status: 200 })],
    ['another shape', () => Response.json({ name: 'x' })],
    ['an extra key', () => Response.json({ name: 'x', version: '1', time: 1, keys: 'hsm', extra: 1 })],
    ['an error that is no problem', () => new Response('bad gateway', { status: 502 })],
    [
      'a problem with an unknown code',
      () => Response.json({ type: 't', title: 't', status: 400, code: 'NOPE', instance: 'i' }, { status: 400 }),
    ],
  ])('says so: %s', async (_, answer) => {
    const { client } = makeConsole(Date.now, answer)
    expect(await client.call('ping', {})).toMatchObject({ ok: false, error: { code: 'CONTRACT_MISMATCH' } })
  })
  it('needs a session before it asks for what needs one', async () => {
    const result = await makeConsole().client.call('readHealth', {})
    expect(result).toMatchObject({ ok: false, error: { code: 'SESSION_REQUIRED' } })
  })
  it('says that nothing answers', async () => {
    const unreachable = () => {
      throw new TypeError('fetch failed')
    }
    const result = await makeConsole(Date.now, unreachable).client.call('ping', {})
    expect(result).toMatchObject({ ok: false, error: { code: 'NETWORK_OFFLINE' } })
  })
})
