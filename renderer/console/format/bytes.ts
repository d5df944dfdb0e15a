export { formatBytes } from '../../ui/format.ts'
