export { writeReport, type ReportOrder } from './write-report.ts'
