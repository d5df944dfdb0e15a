import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DemoInstance } from './demo.ts'
import { startProgram, type RunningProgram } from './processes.ts'

/** Where it is built, this is what was built (bundle-programs.ts). */
const SERVER = fileURLToPath(new URL('../../server/index.ts', import.meta.url))

/** The instance's central server, as a process of its own; what it writes is in `server/server.log`. */
export const startServer = (instance: DemoInstance): Promise<RunningProgram> =>
  startProgram({
    name: 'The server',
    script: SERVER,
    args: ['--config', instance.serverConfig],
    logFile: join(instance.folder, 'server/server.log'),
  })
