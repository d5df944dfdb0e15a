import { AxeBuilder } from '@axe-core/playwright'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const SCHEMES = ['light', 'dark'] as const
const SIZES = [
  [1280, 800],
  [1920, 1080],
] as const

/**
 * Looks at what is on the screen in both schemes: axe has nothing to say, no text is clipped, nothing needs a
 * horizontal scroll bar. With COUNTERSIGN_E2E_PICTURES=DIR a picture of each is kept; COUNTERSIGN_E2E_LOOK=no leaves the
 * judging out, for who is writing a test.
 */
export async function look(page: Page, name: string): Promise<void> {
  if (process.env['COUNTERSIGN_E2E_LOOK'] === 'no') return pictures(page, name)
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    // Legacy mode needs no page of its own, which Electron cannot open.
    const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'], iframes: false })
    // Between the schemes only the colours differ.
    if (scheme === 'dark') axe.withRules(['color-contrast', 'link-in-text-block'])
    const { violations } = await axe.analyze()
    const found = violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
    )
    await picture(page, `${name}-${scheme}`)
    expect.soft(found, `axe on "${name}", ${scheme}`).toEqual([])
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await lookAtFit(page, name, false)
}

/** Only whether every text and, on the desk, the whole screen has its place, as in another language; with a picture. */
export async function lookAtFit(page: Page, name: string, keep = true): Promise<void> {
  if (keep) await picture(page, name)
  expect.soft(await clipped(page), `clipped text on "${name}"`).toEqual([])
  if (!page.url().includes('/console/')) await lookAtRoom(page, name)
}

/** UI.md: at 1280×800 a screen of the desk needs no scroll bar, and its primary action is always in the same corner. */
async function lookAtRoom(page: Page, name: string): Promise<void> {
  const found = await page.evaluate(() => {
    const scrollers = [document.documentElement, ...document.querySelectorAll('main')]
    const primary = [...document.querySelectorAll('main [data-primary]')].map((button) => {
      const { right, bottom } = button.getBoundingClientRect()
      return `${Math.round(right)} ${Math.round(bottom)}`
    })
    return {
      tooLong: scrollers
        .filter((element) => element.scrollHeight > element.clientHeight && element.clientHeight > 0)
        .map((element) => `${element.tagName.toLowerCase()} ${element.scrollHeight} > ${element.clientHeight}`),
      primary,
      window: `${innerWidth} ${innerHeight}`,
    }
  })
  expect.soft(found.window, `the window of "${name}"`).toBe('1280 800')
  expect.soft(found.tooLong, `scroll bars on "${name}"`).toEqual([])
  expect.soft(found.primary.length, `primary actions on "${name}"`).toBeLessThanOrEqual(1)
  for (const corner of found.primary) expect.soft(corner, `the primary action on "${name}"`).toBe('1256 792')
}

/** At 200 % zoom (half the window in CSS pixels) the primary action is in sight and nothing lies over it. */
export async function lookAtZoom(page: Page, name: string): Promise<void> {
  const before = page.viewportSize()
  await page.setViewportSize({ width: 640, height: 400 })
  const hidden = await page.evaluate(() =>
    [...document.querySelectorAll('main [data-primary]')]
      .filter((button) => {
        const { left, top, width, height } = button.getBoundingClientRect()
        const over = document.elementFromPoint(left + width / 2, top + height / 2)
        return over === null || !button.contains(over)
      })
      .map((button) => button.textContent),
  )
  await picture(page, `${name}-zoom`)
  expect.soft(hidden, `out of reach at 200 % on "${name}"`).toEqual([])
  if (before !== null) await page.setViewportSize(before)
}

export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['COUNTERSIGN_E2E_PICTURES']
  if (folder === undefined || folder === '') return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`) })
}

/** What is on the screen at the two sizes and in both schemes, for `npm run screenshots`; then as it was. */
async function pictures(page: Page, name: string): Promise<void> {
  const before = page.viewportSize()
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height })
    for (const scheme of SCHEMES) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
      await picture(page, `${name}-${width}x${height}-${scheme}`)
    }
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  if (before !== null) await page.setViewportSize(before)
}

/** Texts that do not fit where they stand: cut off by their box, or wider than the window. */
async function clipped(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = []
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth > clientWidth) found.push(`the page is ${scrollWidth - clientWidth} px too wide`)
    for (const element of document.querySelectorAll<HTMLElement>('body *')) {
      const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim())
      const style = getComputedStyle(element)
      // What is hidden from sight on purpose is one pixel large; an ellipsis with a title tells the whole.
      if (!own || element.clientWidth <= 1 || style.overflowX === 'visible' || element.title !== '') continue
      if (style.overflowX !== 'auto' && style.overflowX !== 'scroll' && element.scrollWidth > element.clientWidth + 1)
        found.push(
          `"${element.textContent?.trim().slice(0, 60)}" in ${element.tagName.toLowerCase()}.${element.className}`,
        )
    }
    return found
  })
}
