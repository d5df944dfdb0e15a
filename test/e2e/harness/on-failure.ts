import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterEach, beforeEach } from 'vitest'
import type { World } from './world.ts'

/** After a failed test: what the screen said, a picture of it, and the last lines of the programs' logs. */
export function tellOnFailure(seen: () => { world: World | undefined; pages: readonly (Page | undefined)[] }): void {
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return
    const { world, pages } = seen()
    const folder = mkdtempSync(join(tmpdir(), 'countersign-e2e-failed-'))
    for (const [index, page] of pages.entries()) {
      if (page === undefined || page.isClosed()) continue
      const file = join(folder, `${index}.png`)
      await page.screenshot({ path: file })
      console.error(`The screen (${file}):\n${await page.locator('body').innerText()}\n`)
    }
    console.error(world?.logs() ?? '')
  })
}

/** For a story told in several tests: once one has failed, those after it mean nothing and are skipped. */
export function oneAfterTheOther(): void {
  let failed = false
  beforeEach(({ skip }) => skip(failed, 'a test before it failed'))
  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail'
  })
}
