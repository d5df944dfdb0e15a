import { createContext, useContext } from 'react'
import type { Console } from './compose.ts'

export const ConsoleContext = createContext<Console | null>(null)

export const useConsole = (): Console => {
  const value = useContext(ConsoleContext)
  if (value === null) throw new TypeError('the console context is missing')
  return value
}
