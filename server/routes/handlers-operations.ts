import type { AlarmService } from '../services/alarms.ts'
import type { ChainKeys } from '../services/chain-keys.ts'
import type { Jobs } from '../services/jobs.ts'
import type { Retention } from '../services/retention.ts'
import type { Handlers } from './handler.ts'

/** What the routes of operations call. */
export interface OperationsServices {
  readonly alarms: AlarmService
  readonly chainKeys: ChainKeys
  readonly jobs: Jobs
  readonly retention: Retention
}

type Names =
  | 'listAlarms'
  | 'listChainKeys'
  | 'rollOverChainKey'
  | 'acknowledgeAlarm'
  | 'readMailSettings'
  | 'setMailSettings'
  | 'sendTestMail'
  | 'listJobs'
  | 'readJob'
  | 'retryJob'
  | 'listSchedules'
  | 'setSchedule'
  | 'runSchedule'
  | 'readRetention'
  | 'setRetention'
  | 'planCleaning'
  | 'startCleaning'
  | 'listCleanings'
  | 'planErasure'
  | 'requestErasure'
  | 'listErasures'
  | 'readErasure'
  | 'approveErasure'
  | 'refuseErasure'

/** One line a route, as in `handlers.ts`. */
export const operationsHandlers = ({
  alarms,
  chainKeys,
  jobs,
  retention,
}: OperationsServices): Pick<Handlers, Names> => ({
  listAlarms: ({ call, request }) => alarms.list(call, request.query),
  acknowledgeAlarm: ({ call, request }) => alarms.acknowledge(call, request.params.id, request.body.note),
  readMailSettings: ({ call }) => alarms.readMail(call),
  setMailSettings: ({ call, request }) => alarms.setMail(call, request.body.recipients),
  sendTestMail: ({ call, request }) => alarms.testMail(call, request.body.address),

  listJobs: ({ call, request }) => jobs.list(call, request.query),
  readJob: ({ call, request }) => jobs.read(call, request.params.id),
  retryJob: ({ call, request }) => jobs.retry(call, request.params.id, request.body.reason),
  listSchedules: ({ call }) => jobs.schedules(call),
  setSchedule: ({ call, request }) => jobs.setSchedule(call, request.params.name, request.body),
  runSchedule: ({ call, request }) => jobs.runNow(call, request.params.name),

  listChainKeys: ({ call }) => chainKeys.list(call),
  rollOverChainKey: ({ call, request }) => chainKeys.rollOver(call, request.body),

  readRetention: ({ call }) => retention.read(call),
  setRetention: ({ call, request }) => retention.set(call, request.body),
  planCleaning: ({ call }) => retention.planCleaning(call),
  startCleaning: ({ call, request }) => retention.clean(call, request.body),
  listCleanings: ({ call, request }) => retention.cleanings(call, request.query),
  planErasure: ({ call, request }) => retention.planErasure(call, request.query),
  requestErasure: ({ call, request }) => retention.requestErasure(call, request.body),
  listErasures: ({ call, request }) => retention.erasures(call, request.query),
  readErasure: ({ call, request }) => retention.erasure(call, request.params.id),
  approveErasure: ({ call, request }) => retention.approve(call, request.params.id),
  refuseErasure: ({ call, request }) => retention.refuse(call, request.params.id, request.body.reason),
})
