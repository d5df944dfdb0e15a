import { lazy, Suspense } from 'react'
import { SkeletonRows } from '../ui/States.tsx'
import { useDelayed } from '../ui/use-load.ts'
import { Boundary } from '../ui/Boundary.tsx'
import { FirstFrame } from '../ui/FirstFrame.tsx'
import { LOGO } from './parts/logo.ts'
import { useSession } from './stores/session-store.ts'

const SignIn = lazy(async () => ({ default: (await import('./screens/sign-in/SignIn.tsx')).SignIn }))
const Shell = lazy(async () => ({ default: (await import('./shell/Shell.tsx')).Shell }))

function Waiting() {
  return useDelayed(true) ? <SkeletonRows rows={4} /> : <FirstFrame logo={LOGO} />
}

export function App() {
  const { phase } = useSession((store) => store.state)
  if (phase === 'checking') return <Waiting />
  return (
    <Boundary key={phase}>
      <Suspense fallback={<Waiting />}>{phase === 'signed-in' ? <Shell /> : <SignIn />}</Suspense>
    </Boundary>
  )
}
