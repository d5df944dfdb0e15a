import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { ROOT } from '../../../main/launch/setup.mjs'

type Texts = { [key: string]: string | Texts }

/** English texts that say something else in Italian, whole sentences and words as they stand on the screen. */
function englishOnly(): ReadonlySet<string> {
  const english = new Set<string>()
  const both = new Set<string>()
  const walk = (en: Texts, it: Texts | undefined): void => {
    for (const [key, value] of Object.entries(en)) {
      const other = it?.[key]
      if (typeof value !== 'string') walk(value, typeof other === 'object' ? other : undefined)
      else if (typeof other === 'string') {
        both.add(other)
        if (!value.includes('{{')) english.add(value)
      }
    }
  }
  for (const name of ['common', 'desk', 'errors']) {
    const read = (language: string) =>
      JSON.parse(readFileSync(join(ROOT, 'renderer/text', language, `${name}.json`), 'utf8')) as Texts
    walk(read('en'), read('it'))
  }
  return new Set([...english].filter((text) => !both.has(text)))
}
const ENGLISH = englishOnly()

/** What of the screen, its labels and its placeholders is still English where Italian was chosen. */
export async function englishOn(page: Page): Promise<string[]> {
  const texts = await page.evaluate(() => {
    const found: string[] = []
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (nodes.nextNode()) found.push(nodes.currentNode.textContent ?? '')
    for (const element of document.querySelectorAll('[aria-label], [placeholder], [title]'))
      for (const name of ['aria-label', 'placeholder', 'title']) found.push(element.getAttribute(name) ?? '')
    return found
  })
  return [...new Set(texts.map((text) => text.trim()))].filter((text) => ENGLISH.has(text))
}
