import { join } from 'node:path'
import type { DemoInstance } from './demo.ts'
import { startProgram, type RunningProgram } from './processes.ts'

/** The instance's central server, as a process of its own; what it writes is in `server/server.log`. */
export const startServer = (instance: DemoInstance): Promise<RunningProgram> =>
  startProgram({
    name: 'The server',
    script: 'server/index.ts',
    args: ['--config', instance.serverConfig],
    logFile: join(instance.folder, 'server/server.log'),
  })
