import { parentPort } from 'node:worker_threads'
import { sealLinks } from './link-sealer.ts'
import type { SealTask } from './link-sealer.ts'

/** The thread of `LinkSealer`: answers each task in order. */
parentPort?.on('message', (task: SealTask) => parentPort?.postMessage(sealLinks(task)))
parentPort?.postMessage('ready')
