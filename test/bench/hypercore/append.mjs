// Appends blocks one by one to a hypercore in the folder given, and prints how many a second.
import { randomBytes } from 'node:crypto'
import Hypercore from 'hypercore'

const [folder, count, bytes] = process.argv.slice(2)
const core = new Hypercore(folder)
await core.ready()
const block = randomBytes(Number(bytes))
for (let done = 0; done < 200; done += 1) await core.append(block)
const started = performance.now()
for (let done = 0; done < Number(count); done += 1) await core.append(block)
const seconds = (performance.now() - started) / 1000
await core.close()
process.stdout.write(`${JSON.stringify({ perSecond: Number(count) / seconds })}\n`)
