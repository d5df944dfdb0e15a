import { AppError } from '../../shared/contract/errors.ts'
import type { WriteReport } from './package.ts'

/** Lays reports out as PDF. */
export const writeReport: WriteReport = () => Promise.reject(new AppError('INTERNAL', { reason: 'no-report-writer' }))
