import type { TFunction } from 'i18next'
import { parseRhythm, type Rhythm } from '../format/cron.ts'

/** A Sunday, so that the days of a week can be named in any language. */
const SUNDAY = Date.UTC(2026, 0, 4)
export const weekdayWord = (day: number, language: string): string =>
  new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(SUNDAY + day * 86_400_000)

/** "Every day at 02:00"; the expression itself where words do not reach. */
export const rhythmWords = (t: TFunction, cron: string, language: string): string => {
  const rhythm: Rhythm = parseRhythm(cron)
  switch (rhythm.kind) {
    case 'hourly':
      return t('rhythm.hourly', { minute: rhythm.minute })
    case 'daily':
      return t('rhythm.daily', { time: rhythm.time })
    case 'weekly':
      return t('rhythm.weekly', { time: rhythm.time, day: weekdayWord(rhythm.day, language) })
    case 'monthly':
      return t('rhythm.monthly', { time: rhythm.time, date: rhythm.date })
    default:
      return t('rhythm.own', { cron: rhythm.cron })
  }
}
