import { open, rm } from 'node:fs/promises'
import { AppError } from '../../shared/contract/index.ts'
import { ExportOrder, type ExportSelection, type ExportView } from '../../shared/contract/routes/exports.ts'
import { changeExport, listAllExports, readExport, type ExportRow } from '../db/repositories/exports.ts'
import { exportName, exportSnapshot, exportView, orderOf } from '../services/exports-view.ts'
import { filterOf } from './audit-commands.ts'
import { EXIT, need, wholeNumber, type Answer, type Command, type CommandValues } from './command.ts'
import { awaitExport, changesBeside, exportCall, exportsBeside, openExportsHere } from './exports-orders.ts'
import { exportsSign } from './exports-sign.ts'
import type { Ground } from './ground.ts'
import { facts, table, timeText } from './print.ts'

const LOOK_MS = 500

/** `chain NAME`, `object TYPE ID`, or what the filters find. */
const selectionOf = (values: CommandValues): ExportSelection => {
  const [kind, first, second] = values.words ?? []
  if (kind === 'chain' && first !== undefined && second === undefined) return { kind, chain: first }
  if (kind === 'object' && first !== undefined && second !== undefined)
    return { kind, objectType: first, objectId: second }
  if (kind !== undefined) throw new AppError('REQUEST_INVALID', { reason: 'selection' })
  const { cursor: _cursor, limit: _limit, ...search } = filterOf(values)
  return { kind: 'search', search }
}

/** Throws REQUEST_INVALID naming the option. */
const parseOrder = (values: CommandValues): ExportOrder => {
  const parsed = ExportOrder.safeParse({
    selection: selectionOf(values),
    format: values.format ?? 'jsonl',
    level: values.level ?? 'B-B',
    language: values.language ?? 'en',
    timeZone: values['time-zone'] ?? 'UTC',
    reason: need(values, 'reason'),
    ...(values.completeness === undefined ? {} : { completeness: values.completeness }),
  })
  if (parsed.success) return parsed.data
  const name = String(parsed.error.issues[0]?.path[0] ?? '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new AppError('REQUEST_INVALID', { path: `--${name}`, reason: parsed.error.issues[0]?.code ?? 'invalid' })
}

const textOf = (view: ExportView): string =>
  facts([
    ['export', view.id],
    ['state', view.state],
    ['of', JSON.stringify(view.selection)],
    ['format', `${view.format}, ${view.level}`],
    ['proves', view.completeness],
    ['ordered', `${timeText(view.requestedAt)} by ${view.requestedBy.name}`],
    ['reason', view.reason],
    ['entries', view.state === 'ready' ? view.written : null],
    ['bytes', view.bytes],
    ['file', view.fileName],
    ['manifest', view.manifestDigest],
    ['signed by', view.signers.map(({ name, kind, level }) => `${name} (${kind}, ${level})`).join(', ')],
    ['kept until', timeText(view.keptUntil)],
    ['error', view.error],
  ])

const viewOf = ({ directory }: Ground, row: ExportRow): ExportView => exportView(directory, row, null)

const answerOf = (view: ExportView, more: Partial<Answer> = {}): Answer => ({
  value: view,
  text: textOf(view),
  ...more,
})

const rowOf = async ({ databases, tenant }: Ground, values: CommandValues): Promise<ExportRow> => {
  const [id = need(values, 'id')] = values.words ?? []
  const row = await readExport(databases.operational.db, tenant, id)
  if (!row) throw new AppError('EXPORT_NOT_FOUND', { id })
  return row
}

const endOf = (row: ExportRow): number => {
  if (row.state === 'ready') return EXIT.ok
  return row.state === 'cancelled' ? EXIT.cancelled : EXIT.refused
}

const create: Command = {
  access: 'write',
  summary: 'export entries, signed, for --reason: what the filters of audit list find, a chain, or an object’s trail',
  words: '[chain NAME | object TYPE ID]',
  run: async (ground, values) => {
    const order = parseOrder(values)
    const { terminal, call, databases, tenant } = ground
    const opened = await openExportsHere(ground)
    const { exports, handlers } = opened
    try {
      const { id } = await exports.create(exportCall(call), order)
      const row = await readExport(databases.operational.db, tenant, id)
      const job = { id: row?.job_id ?? '', kind: 'audit-export', body: { export: id }, attempt: 1 } as const
      const stop = new AbortController()
      let isDone = false
      const work = handlers['audit-export']
        .run({ ...job, schedule: null, requestedBy: null, signal: stop.signal })
        .finally(() => (isDone = true))
      const look = async (): Promise<void> => {
        const { phase, written, total } = await exports.read(exportCall(call), id)
        const far = `${phase ?? 'waiting'} ${written} of ${total ?? '?'}`
        if (!isDone) terminal.show(`export ${id}: ${far}; Ctrl-C cancels it`)
      }
      // Only for whoever looks: what fails is told by the work itself.
      const show = setInterval(() => void look().catch(() => undefined), LOOK_MS)
      try {
        const cancel = (): void => void exports.cancel(exportCall(call), id).catch(() => stop.abort())
        await terminal.cancellable(cancel, () => work)
      } finally {
        clearInterval(show)
        terminal.show('')
      }
      const made = await rowOf(ground, { ...values, words: [id] })
      return answerOf(viewOf(ground, made), { exit: endOf(made) })
    } finally {
      opened.close()
    }
  },
  // The running server has chain and keys: it is ordered what the console would order.
  beside: async (ground, values) => {
    const order = parseOrder(values)
    const { id } = await exportsBeside(ground).create(exportCall(ground.call), order)
    const { row, isLeft } = await awaitExport(ground, id, order.format)
    const view = viewOf(ground, row)
    if (!isLeft) return answerOf(view, { exit: endOf(row) })
    return answerOf(view, {
      text: `${textOf(view)}\nordered; the server makes it when it runs again`,
      exit: EXIT.refused,
    })
  },
}

const list: Command = {
  access: 'read',
  summary: 'exports, whoever ordered them, newest first',
  run: async (ground, values) => {
    const limit = values.limit === undefined ? 50 : wholeNumber(values.limit, '--limit')
    const request = { limit, cursor: values.cursor }
    const { items, next } = await listAllExports(ground.databases.operational.db, ground.tenant, request)
    const views = items.map((row) => viewOf(ground, row))
    const rows = views.map((view) => [
      timeText(view.requestedAt),
      view.id,
      view.state,
      view.format,
      view.requestedBy.name,
      view.written,
      view.bytes,
    ])
    const head = ['ordered', 'export', 'state', 'format', 'by', 'entries', 'bytes']
    const more = next === null ? '' : `\nmore: --cursor ${next}`
    return { value: { items: views, next }, text: table(head, rows) + more }
  },
}

const show: Command = {
  access: 'read',
  summary: 'one export: what was ordered, what became of it, who signed',
  words: '[ID]',
  run: async (ground, values) => answerOf(viewOf(ground, await rowOf(ground, values))),
}

const assertReady = (row: ExportRow, node: string): void => {
  if (row.state !== 'ready') throw new AppError('EXPORT_STATE', { state: row.state })
  if (row.node !== node) throw new AppError('EXPORT_NOT_FOUND', { reason: 'another-node', node: row.node })
}

const download: Command = {
  access: 'read',
  summary: 'write the package of an export to --out FILE, which must not be there',
  words: '[ID]',
  run: async (ground, values) => {
    const out = need(values, 'out')
    const row = await rowOf(ground, values)
    const { config, terminal, call } = ground
    assertReady(row, config.name)
    const { streamPackage } = await import('../exports/package-stream.ts')
    const { keptMembers, layoutOf } = await import('../exports/kept-members.ts')
    const { ExportFolders } = await import('../exports/folders.ts')
    const { promoteSignature } = await import('../exports/second-signature.ts')
    const file = await open(out, 'wx', 0o600).catch((cause: unknown) => {
      throw new AppError('REQUEST_INVALID', { path: '--out', reason: 'unwritable' }, { cause })
    })
    const stop = new AbortController()
    try {
      // Kept before anything leaves.
      await changesBeside(ground).run(exportCall(call), (_trx, tell) =>
        tell({
          action: 'Export',
          object: { type: 'export', id: row.id },
          after: { ...exportName(row), download: true },
        }),
      )
      const kept = keptMembers(row)
      const folder = new ExportFolders(config.exports.folder).whole(row.id)
      const layout = layoutOf(kept)
      await promoteSignature(folder, row)
      await terminal.cancellable(
        () => stop.abort(),
        async () => {
          for await (const piece of streamPackage(folder, kept, layout, { from: 0, to: layout.size })) {
            stop.signal.throwIfAborted()
            await file.writeFile(piece)
          }
          await file.sync()
        },
      )
    } catch (error) {
      await rm(out, { force: true })
      if (!stop.signal.aborted) throw error
      return { value: { id: row.id, cancelled: true }, text: 'cancelled', exit: EXIT.cancelled }
    } finally {
      await file.close()
    }
    const value = { id: row.id, file: out, bytes: row.bytes, manifestDigest: row.manifest_digest }
    return { value, text: facts(Object.entries(value)) }
  },
}

const remove = async (ground: Ground, values: CommandValues): Promise<Answer> => {
  const row = await rowOf(ground, values)
  assertReady(row, ground.config.name)
  await changesBeside(ground).run(exportCall(ground.call), async (trx, tell) => {
    if (!(await changeExport(trx, row, { state: 'gone', updated_at: Date.now() })))
      throw new AppError('EXPORT_STATE', { state: 'changed' })
    await tell({ action: 'Deletion', object: { type: 'export', id: row.id }, before: exportSnapshot(row) })
  })
  const { ExportFolders } = await import('../exports/folders.ts')
  await new ExportFolders(ground.config.exports.folder).remove(row.id)
  return { value: { id: row.id, state: 'gone' }, text: `removed ${row.id}` }
}

const hint: Command = {
  access: 'read',
  summary: 'how anybody checks the package of an export',
  words: '[ID]',
  run: async (ground, values) => {
    const row = await rowOf(ground, values)
    const name = row.file_name ?? 'export.zip'
    const { format } = orderOf(row)
    const { publicUrl, consoleFolder } = ground.config
    const root = `${publicUrl}/ca/root.cer`
    const { readVerifiers, verifierFolder } = await import('../routes/verify-files.ts')
    const verifiers = (await readVerifiers(verifierFolder(consoleFolder))).map((one) => ({
      url: `${publicUrl}/verify/${one.name}`,
      sha256: one.digest,
    }))
    const lines = [
      ...verifiers.map(({ url, sha256 }) => `verifier:  ${url} (SHA-256 ${sha256})`),
      `trust:     ${root} (compare its SHA-256 with one you were given)`,
      `as PEM:    openssl x509 -inform DER -in root.cer -out trusted.pem`,
      `all of it: node countersign-verify.mjs ${name} --anchor trusted.pem`,
      `manifest:  openssl cms -verify -cades -binary -inform DER -in manifest.json.p7s -content manifest.json -CAfile trusted.pem -purpose any -out /dev/null`,
      ...(row.manifest_digest === null ? [] : [`SHA-256 of manifest.json: ${row.manifest_digest}`]),
    ]
    return {
      value: { id: row.id, file: name, format, root, verifiers, manifestDigest: row.manifest_digest },
      text: lines.join('\n'),
    }
  },
}

export const EXPORTS_COMMANDS: Readonly<Record<string, Command>> = {
  'exports create': create,
  'exports list': list,
  'exports show': show,
  'exports download': download,
  'exports delete': {
    access: 'write',
    summary: 'remove the file of an export before its time',
    words: '[ID]',
    run: remove,
    beside: remove,
  },
  'exports verify-hint': hint,
  'exports sign': exportsSign,
  'audit export': { ...create, summary: 'the same as exports create' },
}
