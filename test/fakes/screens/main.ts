import { makeBridge } from './bridge.ts'
import { isScene } from './world.ts'

const scene = new URLSearchParams(location.search).get('scene') ?? 'officer'
const page = window as { countersign?: ReturnType<typeof makeBridge> }
page.countersign = makeBridge(isScene(scene) ? scene : 'officer')
await import('../../../renderer/desk/main.tsx')
