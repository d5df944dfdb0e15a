// Loaded before a program the launcher starts: when the launcher is gone (its pipe closes), the program is asked to end,
// so that a killed launcher leaves nothing running. Worker threads load it too; their standard input means nothing.
import { isMainThread } from 'node:worker_threads'

if (isMainThread) {
  process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM'))
  process.stdin.on('error', () => process.kill(process.pid, 'SIGTERM'))
  process.stdin.resume()
  process.stdin.unref?.()
}
