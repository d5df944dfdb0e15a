import type { Directory } from '../db/repositories/directory.ts'
import { noExportFaults, type ExportFaultPort } from './ports.ts'
import { PackageFiles } from './files.ts'
import { ExportFolders } from './folders.ts'
import { ExportJobs, type ExportJobsDeps } from './jobs.ts'
import { PackageMaker, type WriteReport } from './package.ts'
import { exportReach } from './pass-rights.ts'
import { DownloadPasses } from './passes.ts'
import { Works } from './works.ts'

export interface WorksParts extends Pick<
  ExportJobsDeps,
  | 'audit'
  | 'db'
  | 'own'
  | 'log'
  | 'node'
  | 'product'
  | 'seal'
  | 'keepMs'
  | 'maxBytes'
  | 'signatures'
  | 'outside'
  | 'verifiers'
> {
  readonly directory: Directory
  readonly folder: string
  readonly writeReport: WriteReport
  readonly faults?: ExportFaultPort
}

/** Everything of exports that runs, wired. */
export const openWorks = (parts: WorksParts): Works => {
  const { folder, own, directory, faults = noExportFaults, ...given } = parts
  const folders = new ExportFolders(folder)
  const passes = new DownloadPasses()
  const made = { ...given, own, folders, faults }
  const reach = exportReach(given.db, directory)
  const forget = (id: string): void => passes.revoke(id)
  const jobs = new ExportJobs({ ...made, maker: new PackageMaker(made), forget })
  const files = new PackageFiles({ db: given.db, tenant: own.tenant, node: given.node, folders, passes, reach })
  return new Works({ ...made, passes, reach, jobs, files, now: () => own.now() })
}
