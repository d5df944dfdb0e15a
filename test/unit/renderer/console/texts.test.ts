import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VERIFY_TEXTS } from '../../../../renderer/verify/texts.ts'
import { EXPORT_TEXTS, TEXTS } from '../../../../renderer/console/texts.ts'
import type { Namespace } from '../../../../renderer/ui/i18n.ts'
import {
  AccessEvent,
  AccessMeans,
  VerificationDepth,
  VerificationFault,
  VerificationView,
} from '../../../../shared/contract/index.ts'
import { AlarmKind } from '../../../../shared/contract/routes/alarms.ts'
import {
  CleaningVerdict,
  ErasureRule,
  ErasureState,
  RetentionClass,
  RetentionNote,
} from '../../../../shared/contract/routes/audit-retention.ts'
import {
  Completeness,
  ExportFormat,
  ExportSignerView,
  ExportState,
  ExportView,
  KeyView,
  SignatureLevel,
} from '../../../../shared/contract/routes/exports.ts'
import { JobKind, JobOutcome, JobState, ScheduleName } from '../../../../shared/contract/routes/jobs.ts'

const SOURCE = resolve(import.meta.dirname, '../../../../renderer/console')
type Text = { [name: string]: Text | string }

const flat = (text: Text, at = ''): Map<string, string> =>
  new Map(
    Object.entries(text).flatMap(([name, value]) =>
      typeof value === 'string' ? [[`${at}${name}`, value] as const] : [...flat(value, `${at}${name}.`)],
    ),
  )
const load = async (language: 'en' | 'it', name: Namespace) =>
  flat((await { ...TEXTS[language], ...EXPORT_TEXTS[language], ...VERIFY_TEXTS[language] }[name]?.())?.default as Text)
/** Words of the console's screens, by namespace and key: `console:reload`. */
const spoken = async (language: 'en' | 'it') => {
  const all = await Promise.all(
    (['console', 'exports', 'verify'] as const).map(async (name) => [name, await load(language, name)] as const),
  )
  return new Map<string, string>(
    all.flatMap(([name, texts]) => [...texts].map(([key, text]) => [`${name}:${key}`, text] as const)),
  )
}
const [en, it_, common] = await Promise.all([spoken('en'), spoken('it'), load('en', 'common')])

const sources = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => [file, readFileSync(join(SOURCE, file), 'utf8')] as const)
/** Whole keys that components ask for; the namespace is the file's own or written before the colon. */
const asked = sources.flatMap(([file, source]) => {
  const own = `${/useTranslation\('(\w+)'\)/.exec(source)?.[1] ?? (file.includes('exports/') ? 'exports' : 'console')}:`
  return [...source.matchAll(/\bt\('([^']+)'/g)].map(([, key = '']) => ({
    file,
    key: key.includes(':') ? key : own + key,
  }))
})
const holes = (text: string) =>
  [...text.matchAll(/{{(\w+)}}/g)].map(([, name = '']) => name).toSorted((a, b) => a.localeCompare(b))

describe('when the console speaks', () => {
  it('has the same keys in both languages', () => {
    expect([...it_.keys()]).toEqual([...en.keys()])
  })
  it('has no empty text and the same holes to fill', () => {
    for (const [key, text] of en) {
      expect(text.trim(), key).not.toBe('')
      expect(it_.get(key)?.trim(), key).not.toBe('')
      expect(holes(it_.get(key) ?? ''), key).toEqual(holes(text))
    }
  })
  it('has every text that a component asks for', () => {
    expect(asked.length).toBeGreaterThan(100)
    const missing = asked.filter(({ key }) =>
      key.startsWith('common:')
        ? !common.has(key.slice('common:'.length))
        : !key.startsWith('errors:') && !en.has(key) && !en.has(`${key}_other`),
    )
    expect(missing).toEqual([])
  })
  it('has words for every verdict and every fault', () => {
    for (const state of VerificationView.shape.state.options) {
      expect(en.has(`console:verification.verdict.${state}`), state).toBe(true)
      expect(en.has(`console:verification.state.${state}`), state).toBe(true)
    }
    for (const kind of VerificationFault.shape.kind.options) {
      expect(en.has(`console:verification.fault.${kind}.what`), kind).toBe(true)
      expect(en.has(`console:verification.fault.${kind}.means`), kind).toBe(true)
    }
  })
  it.each([
    ['alarm.kind.*.what', AlarmKind.options],
    ['alarm.kind.*.todo', AlarmKind.options],
    ['alarm.kind.*.look', AlarmKind.options],
    ['job.kind.*', JobKind.options],
    ['job.state.*', JobState.options],
    ['job.outcome.*', JobOutcome.options],
    ['schedule.name.*', ScheduleName.options],
    ['retention.classes.*.name', RetentionClass.options],
    ['retention.classes.*.what', RetentionClass.options],
    ['retention.note.*', RetentionNote.options],
    ['cleaning.verdict.*.what', CleaningVerdict.options],
    ['cleaning.verdict.*.means', CleaningVerdict.options],
    ['erasure.rule.*', ErasureRule.options],
    ['erasure.state.*', ErasureState.options],
    ['access.events.*', AccessEvent.options],
    ['access.by.*', AccessMeans.options],
    ['verification.depth.*.name', VerificationDepth.options],
    ['exports:state.*', ExportState.options],
    ['exports:new.formats.*.name', ExportFormat.options],
    ['exports:new.formats.*.what', ExportFormat.options],
    ['exports:new.levels.*.name', SignatureLevel.options],
    ['exports:new.levels.*.what', SignatureLevel.options],
    ['exports:new.levelWhy.*', SignatureLevel.options.slice(1)],
    ['exports:new.completenesses.*.name', Completeness.options],
    ['exports:new.completenessWhy.*', Completeness.options],
    ['exports:phase.*', ExportView.shape.phase.unwrap().options],
    ['exports:signerKind.*', ExportSignerView.shape.kind.options],
    ['exports:keys.uses.*', KeyView.shape.use.options],
  ])('has words for every %s', (pattern, names) => {
    expect(
      names.filter((name) => !en.has(`${pattern.includes(':') ? '' : 'console:'}${pattern.replace('*', name)}`)),
    ).toEqual([])
  })
})
