import { escapeText, escapeValue } from '../ades/xml-text.ts'
import { payloadParts, plainText } from './payload-parts.ts'
import { headText } from './render-json.ts'
import type { RenderContext, Renderer } from './rendering.ts'
import type { ExportRow } from './row.ts'

export const EXPORT_NAMESPACE = 'urn:countersign:audit:1'

/** Anything but Char (XML 1.0 2.2). In JSON text only U+FFFE and U+FFFF can be that: the rest is escaped there. */
const ILLEGAL = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u
const ILLEGAL_ALL = new RegExp(ILLEGAL, 'gu')

/** What XML cannot hold becomes U+FFFD; the evidence has it as it was. */
const legal = (text: string): string => (ILLEGAL.test(text) ? text.replace(ILLEGAL_ALL, '\ufffd') : text)
const inText = (text: string): string => escapeText(legal(text))
const inValue = (text: string): string => escapeValue(legal(text))

/** JSON has another way to write these two, and stays the same value. */
const inJson = (text: string): string =>
  escapeText(text.replaceAll('\ufffe', String.raw`\ufffe`).replaceAll('\uffff', String.raw`\uffff`))

const element = (name: string, text: string): string => `<${name}>${text}</${name}>\n`
const json = (name: string, text: string): string => (text === 'null' ? '' : element(name, inJson(text)))
const time = (at: number): string => new Date(at).toISOString()

/**
 * Exclusive canonical form as it is written (Canonical XML 1.0 and Exclusive 1.0: one default namespace, attributes by
 * name, no empty-element tags, no declaration), so that its digest is that of its bytes. `XSD` describes it.
 */
export const xmlRenderer = ({ names, manifestHead }: RenderContext): Renderer => {
  const place = (element: string, id: string | null, find: (id: string) => string | null): string => {
    if (id === null) return ''
    const name = find(id)
    return `<${element} id="${inValue(id)}"${name === null ? '' : ` name="${inValue(name)}"`}></${element}>\n`
  }
  const operatorOf = ({ operator }: ExportRow['entry']): string => {
    if (!operator) return ''
    const name = names.operator(operator.id)
    return (
      `<operator id="${inValue(operator.id)}"${name === null ? '' : ` name="${inValue(name)}"`}` +
      `${operator.office === null ? '' : ` office="${inValue(operator.office)}"`} role="${inValue(operator.role)}"></operator>\n`
    )
  }
  const contentOf = ({ payloadText, erased }: ExportRow): string => {
    if (payloadText === null) {
      return erased
        ? `<erased at="${time(erased.at)}" by="${inValue(erased.by)}" rule="${inValue(erased.rule)}"></erased>\n`
        : ''
    }
    const { changed, reason, before, after } = payloadParts(payloadText)
    const why = plainText(reason)
    return (
      (changed === '[]' ? '' : element('changed', inJson(changed))) +
      (why === null ? '' : element('reason', inText(why))) +
      json('before', before) +
      json('after', after)
    )
  }
  return {
    head: () => `<audit xmlns="${EXPORT_NAMESPACE}">\n${element('export', inJson(headText(manifestHead)))}`,
    row: (row) => {
      const { entry } = row
      return (
        `<entry chain="${entry.chain}" sequence="${entry.sequence}">\n` +
        element('at', time(entry.at)) +
        place('tenant', entry.tenant, names.tenant) +
        (entry.division === null ? '' : `<division id="${inValue(entry.division)}"></division>\n`) +
        place('office', entry.office, names.office) +
        operatorOf(entry) +
        place('station', entry.station, names.station) +
        element('action', entry.action) +
        `<object id="${inValue(entry.object.id)}" type="${inValue(entry.object.type)}"></object>\n` +
        element('correlation', inText(entry.correlationId)) +
        contentOf(row) +
        element('intent', inText(entry.intent)) +
        element('key', inText(entry.key)) +
        element('payloadDigest', entry.payload) +
        element('previous', entry.previous) +
        element('signature', row.signatureText) +
        '</entry>\n'
      )
    },
    tail: () => '</audit>',
  }
}
