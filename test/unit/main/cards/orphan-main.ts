import { forkWorker, startCardWorker } from '../../../../main/cards/index.ts'

/** A desk that starts a worker, tells its process id, and stays: killed by the test that started it. */
const launch = forkWorker()
await startCardWorker({
  readers: { kind: 'virtual', module: process.argv[2] ?? '', folder: process.argv[3] ?? '' },
  launch: () => {
    const worker = launch()
    console.log(String(worker.pid))
    return worker
  },
})
console.log('ready')
