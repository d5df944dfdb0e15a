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

/** Only whether every text has its place, as in another language; with a picture. */
export async function lookAtFit(page: Page, name: string, keep = true): Promise<void> {
  if (keep) await picture(page, name)
  expect.soft(await clipped(page), `clipped text on "${name}"`).toEqual([])
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
