import { AppError, AuditFilter, type AuditEntryRow, type AuditEntryView } from '../../shared/contract/index.ts'
import { auditRecord } from '../services/audit-view.ts'
import { need, wholeNumber, type Answer, type Command, type CommandValues } from './command.ts'
import { facts, indented, table, timeText } from './print.ts'

/** UTC in ms, or as ISO 8601. Throws REQUEST_INVALID (`time`). */
const instant = (text: string | undefined, path: string): number | undefined => {
  if (text === undefined) return undefined
  const at = /^\d+$/.test(text) ? Number(text) : Date.parse(text)
  if (!Number.isSafeInteger(at) || at < 0) throw new AppError('REQUEST_INVALID', { path, reason: 'time' })
  return at
}

/** The filters of the console, by the same schema. Throws REQUEST_INVALID naming the option. */
export const filterOf = (values: CommandValues): AuditFilter => {
  const parsed = AuditFilter.safeParse({
    from: instant(values.from, '--from'),
    to: instant(values.to, '--to'),
    chain: values.chain,
    tenant: values.tenant,
    objectType: values['object-type'],
    objectId: values['object-id'],
    action: values.action,
    operator: values.operator,
    office: values.office,
    station: values.station,
    correlationId: values['correlation-id'],
    text: values.text,
    cursor: values.cursor,
    limit: values.limit,
  })
  if (parsed.success) return parsed.data
  const name = String(parsed.error.issues[0]?.path[0] ?? '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new AppError('REQUEST_INVALID', { path: `--${name}`, reason: parsed.error.issues[0]?.code ?? 'invalid' })
}

const HEAD = ['time', 'entry', 'who', 'role', 'action', 'object', 'name']
const row = (entry: AuditEntryRow): (string | null)[] => [
  timeText(entry.time),
  `${entry.chain} ${entry.sequence}`,
  entry.operatorName ?? entry.operatorId,
  entry.role,
  entry.action,
  `${entry.objectType} ${entry.objectId}`,
  entry.objectName,
]
const listText = ({ items, next }: { items: readonly AuditEntryRow[]; next: string | null }): string =>
  table(HEAD, items.map(row)) + (next === null ? '' : `\nmore: --cursor ${next}`)

const entryText = (entry: AuditEntryView): string =>
  [
    facts([
      ['entry', `${entry.chain} ${entry.sequence}`],
      ['time', timeText(entry.time)],
      ['who', entry.operatorName ?? entry.operatorId],
      ['role', entry.role],
      ['office', entry.officeName ?? entry.office],
      ['station', entry.stationName ?? entry.station],
      ['action', entry.action],
      ['object', `${entry.objectType} ${entry.objectId}`],
      ['name', entry.objectName],
      ['reason', entry.reason],
      ['request', entry.correlationId],
      ['changed', entry.changed.join(', ')],
      ['erased', entry.erased === null ? null : `${timeText(entry.erased.at)} ${entry.erased.rule}`],
      ['key', entry.keyId],
      ['SHA-256', entry.digest],
    ]),
    `before ${indented(entry.before)}`,
    `after ${indented(entry.after)}`,
  ].join('\n')

/** `<chain> <sequence>`, or `--chain` and `--sequence`; the node's own chain unless one is named. */
export const entryRef = (values: CommandValues, own: string): { chain: string; sequence: number } => {
  const [first, second] = values.words ?? []
  if (second !== undefined) return { chain: first ?? own, sequence: wholeNumber(second, 'sequence') }
  return { chain: values.chain ?? own, sequence: wholeNumber(first ?? need(values, 'sequence'), 'sequence') }
}

const list: Command = {
  access: 'read',
  summary: 'entries of every tenant, newest first; --tenant and the other filters narrow',
  run: async ({ audit, call }, values): Promise<Answer> => {
    const found = await audit.list(call, filterOf(values))
    return { value: found, text: listText(found) }
  },
}

const show: Command = {
  access: 'read',
  summary: 'one entry with before and after',
  words: '[CHAIN] SEQUENCE',
  run: async ({ audit, call, config }, values) => {
    const { chain, sequence } = entryRef(values, config.name)
    const entry = await audit.read(call, chain, sequence)
    return { value: entry, text: entryText(entry) }
  },
}

const trail: Command = {
  access: 'read',
  summary: 'everything that became of an object, oldest first',
  words: '[OBJECT-TYPE OBJECT-ID]',
  run: async ({ trail: entries, scope, directory, call }, values) => {
    const [type, id] = values.words ?? []
    const of = { objectType: type ?? need(values, 'object-type'), objectId: id ?? need(values, 'object-id') }
    const request = { limit: values.limit === undefined ? 200 : wholeNumber(values.limit, '--limit') }
    const inReach = scope.filter(call, { tenants: values.tenant?.split(',') })
    if (!inReach) return { value: { items: [], next: null }, text: table(HEAD, []) }
    const { items, next } = await entries.trail({ ...inReach, ...of }, { ...request, cursor: values.cursor })
    const found = { items: items.map((record) => auditRecord(directory, record)), next }
    return { value: found, text: listText(found) }
  },
}

const access: Command = {
  access: 'read',
  summary: "administrators' sign-ins, sign-outs and failures, newest first; --from --to --tenant --limit",
  run: async ({ access: entries, scope, call }, values) => {
    const inReach = scope.filter(call, { tenants: values.tenant?.split(',') })
    const limit = values.limit === undefined ? 200 : wholeNumber(values.limit, '--limit')
    const span = { from: instant(values.from, '--from'), to: instant(values.to, '--to') }
    const items = []
    if (inReach) {
      for await (const one of entries.all({ scope: inReach, ...span })) {
        if (items.length === limit) break
        items.push(one)
      }
    }
    const lines = items.map((one) => [timeText(one.time), one.event, one.means, one.name, one.address, one.detail])
    return { value: { items }, text: table(['time', 'event', 'means', 'who', 'address', 'detail'], lines) }
  },
}

export const AUDIT_READ_COMMANDS: Readonly<Record<string, Command>> = {
  'audit list': list,
  'audit show': show,
  'audit trail': trail,
  'audit access': access,
}
