import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAst } from 'vite'
import { ERROR_CODES } from '../../../../shared/contract/errors.ts'
import {
  AuditAction,
  CardKeyAlgorithm,
  CardState,
  CertificateState,
  DocumentType,
  EnrolmentState,
  FaceFeature,
  KeyPath,
  ObjectType,
  RevocationReason,
  Role,
  Slot,
} from '../../../../shared/contract/words.ts'
import { IdentityCheck, ReaderState, StepKind } from '../../../../shared/contract/views.ts'

const renderer = resolve(import.meta.dirname, '../../../../renderer')
const read = (language: string, name: string): unknown =>
  JSON.parse(readFileSync(resolve(renderer, 'text', language, `${name}.json`), 'utf8'))

/** Leaves of a text file by dotted key. */
function leaves(value: unknown, prefix = ''): Map<string, string> {
  if (typeof value === 'string') return new Map([[prefix, value]])
  const entries = Object.entries(value as Record<string, unknown>)
  return new Map(entries.flatMap(([key, inner]) => [...leaves(inner, prefix === '' ? key : `${prefix}.${key}`)]))
}
const parameters = (text: string): string[] => [...text.matchAll(/{{(\w+)}}/g)].map((match) => match[1] ?? '').sort()

const NAMES = ['common', 'errors', 'desk', 'exports', 'verify'] as const
const texts = Object.fromEntries(
  NAMES.map((name) => [name, { en: leaves(read('en', name)), it: leaves(read('it', name)) }]),
) as Record<(typeof NAMES)[number], { en: Map<string, string>; it: Map<string, string> }>

describe.each(NAMES)('the %s texts', (name) => {
  const { en, it: italian } = texts[name]
  it('have the same keys in English and Italian', () => {
    expect([...italian.keys()].sort()).toEqual([...en.keys()].sort())
  })
  it('take the same parameters in both', () => {
    const differing = [...en].filter(([key, text]) => {
      const other = italian.get(key) ?? ''
      // "1 try left" needs no number in one language and may in the other.
      const named = (of: string) => parameters(of).filter((p) => p !== 'count')
      return JSON.stringify(named(text)) !== JSON.stringify(named(other))
    })
    expect(differing.map(([key]) => key)).toEqual([])
  })
  it('leave no text empty', () => {
    expect([...en, ...italian].filter(([, text]) => text.trim() === '').map(([key]) => key)).toEqual([])
  })
})

describe('when a code of the closed list is shown', () => {
  it('has what happened and what to do, and nothing else is listed', () => {
    const expected = ERROR_CODES.flatMap((code) => [`${code}.todo`, `${code}.what`]).sort()
    expect([...texts.errors.en.keys()].sort()).toEqual(expected)
  })
})

describe('when a word of the domain is shown', () => {
  const rows: [string, string, readonly string[]][] = [
    ['common', 'role', Role.options],
    ['common', 'enrolmentState', EnrolmentState.options],
    ['common', 'cardState', CardState.options],
    ['common', 'certificateState', CertificateState.options],
    ['common', 'revocationReason', RevocationReason.options],
    ['common', 'slot', Slot.options],
    ['common', 'algorithm', CardKeyAlgorithm.options],
    ['common', 'auditAction', AuditAction.options],
    ['common', 'objectType', ObjectType.options],
    ['desk', 'documentType', DocumentType.options],
    ['desk', 'face', FaceFeature.options],
    ['desk', 'check', IdentityCheck.options],
    ['desk', 'work', StepKind.options],
    ['desk', 'keyPath', KeyPath.options],
    ['desk', 'queue.action', EnrolmentState.options],
  ]
  it.each(rows)('%s:%s has all of its words', (name, prefix, words) => {
    const known = texts[name as 'common' | 'desk'].en
    expect(words.filter((word) => !known.has(`${prefix}.${word}`))).toEqual([])
  })
  it('has a word, a sentence and a way out for each state of a reader', () => {
    const states = [...ReaderState.options, 'pin-blocked', 'puk-blocked', 'expired']
    const parts = ['word', 'sentence', 'wayOut', 'signInWayOut']
    const missing = states
      .flatMap((state) => parts.map((part) => `reader.${state}.${part}`))
      .filter((key) => !texts.desk.en.has(key))
    expect(missing).toEqual([])
  })
})

interface Node {
  type: string
  [key: string]: unknown
}
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value
function* walk(node: unknown): Generator<Node> {
  if (Array.isArray(node)) for (const inner of node) yield* walk(inner)
  else if (isNode(node)) {
    yield node
    for (const value of Object.values(node)) if (typeof value === 'object') yield* walk(value)
  }
}
const components = globSync('{ui,desk,verify}/**/*.tsx', { cwd: renderer })
const trees = new Map(
  components.map((file) => [file, parseAst(readFileSync(resolve(renderer, file), 'utf8'), { lang: 'tsx' }) as unknown]),
)
const WORDS = /\p{L}{2,}/u
const SPOKEN = new Set(['label', 'title', 'placeholder', 'description', 'aria-label', 'alt', 'error'])

describe('when a component speaks', () => {
  it.each(components)('%s takes every word from the texts', (file) => {
    const literal: string[] = []
    for (const node of walk(trees.get(file))) {
      if (node.type === 'JSXText' && WORDS.test(String(node['value']))) literal.push(String(node['value']).trim())
      if (node.type !== 'JSXAttribute') continue
      const name = node['name'] as { name?: unknown }
      const value = node['value'] as { type?: string; value?: unknown } | null
      if (SPOKEN.has(String(name.name)) && value?.type === 'Literal' && WORDS.test(String(value.value)))
        literal.push(String(value.value))
    }
    expect(literal).toEqual([])
  })

  it('asks for texts that are there', () => {
    const missing: string[] = []
    const has = (name: (typeof NAMES)[number], key: string) =>
      texts[name].en.has(key) || texts[name].en.has(`${key}_other`)
    for (const [file, tree] of trees)
      for (const node of walk(tree)) {
        const callee = node['callee'] as { name?: string } | undefined
        const [first] = (node['arguments'] as Node[] | undefined) ?? []
        if (node.type !== 'CallExpression' || callee?.name !== 't' || first?.type !== 'Literal') continue
        const asked = String(first['value'])
        const [name, key] = asked.includes(':') ? asked.split(':') : [undefined, asked]
        const candidates = name === undefined ? NAMES : [name as 'common']
        if (!candidates.some((candidate) => has(candidate, key ?? ''))) missing.push(`${file}: ${asked}`)
      }
    expect(missing).toEqual([])
  })
})
