import { describeKills } from './kill-matrix.ts'

describeKills('server')
