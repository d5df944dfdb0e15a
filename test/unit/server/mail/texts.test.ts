import { describe, expect, it } from 'vitest'
import { AlarmKind } from '../../../../shared/contract/routes/alarms.ts'
import { mailText } from '../../../../server/mail/texts.ts'

const values = { server: 'desk.example', url: 'https://desk.example', at: Date.UTC(2026, 0, 2) }

describe('when a mail is written', () => {
  it.each(AlarmKind.options.flatMap((kind) => (['en', 'it'] as const).map((language) => [kind, language] as const)))(
    'says what happened, where and when: %s in %s',
    (kind, language) => {
      const { subject, text } = mailText(language, { ...values, alarm: { kind, key: 'node-1', detail: 'reason=X' } })
      expect(subject).toMatch(/^\[Countersign\] .{20,}/)
      for (const part of ['desk.example', '2026-01-02T00:00:00.000Z', 'node-1', 'reason=X'])
        expect(text).toContain(part)
    },
  )

  it('tells the two languages apart', () => {
    const all = (language: 'en' | 'it') =>
      AlarmKind.options.map((kind) => mailText(language, { ...values, alarm: { kind, key: 'k', detail: '' } }).subject)
    expect(new Set([...all('en'), ...all('it')]).size).toBe(2 * AlarmKind.options.length)
    expect(mailText('it', values).text).toContain('prova')
  })

  it('lets nothing from outside begin a line or a header', () => {
    const key = 'x\r\nBcc: evil@example.test\u2028Subject: y'
    const { subject, text } = mailText('en', { ...values, alarm: { kind: 'job-dead', key, detail: key } })
    expect(subject).not.toMatch(/[\r\n]/)
    expect(text).not.toMatch(/^(Bcc|Subject):/m)
    expect(text).not.toContain('\u2028')
  })
})
