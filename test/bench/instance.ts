import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDemo, type DemoInstance } from '../../main/launch/demo.ts'

/** A demonstration instance of the benchmark's own, gone afterwards. */
export async function withInstance<T>(use: (instance: DemoInstance) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  try {
    return await use(
      await openDemo(
        { folder: join(folder, 'instance'), port: null, softwareKeys: false, pcsc: false },
        () => undefined,
      ),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
