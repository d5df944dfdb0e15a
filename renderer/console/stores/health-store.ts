import { createContext, useCallback, useContext } from 'react'
import type { HealthView } from '../../../shared/contract/index.ts'
import type { Load } from '../../ui/use-load.ts'
import { valueOf } from '../client/value-of.ts'
import { useConsole } from '../console-context.ts'
import { usePolled } from './use-polled.ts'

const EVERY_MS = 10_000

/** The server's health, asked for once for all that show it. */
export const useHealthPoll = (): Load<HealthView> => {
  const { client } = useConsole()
  return usePolled(
    useCallback(() => valueOf(client.call('readHealth', {})), [client]),
    EVERY_MS,
  )
}

export const HealthContext = createContext<Load<HealthView> | null>(null)
export const useHealth = (): Load<HealthView> => {
  const health = useContext(HealthContext)
  if (health === null) throw new TypeError('the health context is missing')
  return health
}
