import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { openVirtualCard, type VirtualCard } from './virtual-card.ts'
import { VpcdCard } from './vpcd.ts'

/**
 * The virtual card as a process of its own, because a card that does not answer wedges all of pcscd: whoever started
 * it can end it. `vpcd-main.ts <vpcd port>` prints `{"control":<port>}` and takes one JSON line per order on that
 * loopback port, answering each with one: {"do":"insert","card":"<file>"}, {"do":"remove"}, {"do":"delay","ms":40},
 * {"do":"pullon","ins":"47","skip":0,"after":false}, {"do":"mute","on":true}, {"do":"stats"}.
 * Watchdog: it ends when standard input does, so it never outlives its test.
 */
interface Order {
  do: string
  card?: string
  ms?: number
  ins?: string
  skip?: number
  after?: boolean
  on?: boolean
}

const reader = new VpcdCard(Number(process.argv[2]))
let card: VirtualCard | null = null
const faults = { delayMs: 0, mute: false, pullOn: null as { ins: string; skip: number; after: boolean } | null }

async function obey(order: Order): Promise<object> {
  switch (order.do) {
    case 'insert':
      card = openVirtualCard(order.card ?? '')
      card.setFaults(faults)
      faults.pullOn = null
      await reader.insert(card)
      return {}
    case 'remove':
      reader.remove()
      return {}
    case 'delay':
      faults.delayMs = order.ms ?? 0
      if (card !== null) card.delayMs = faults.delayMs
      return {}
    case 'mute':
      faults.mute = order.on ?? true
      if (card !== null) card.mute = faults.mute
      return {}
    case 'pullon': {
      const { ins, skip = 0, after = false } = order
      const pullOn = ins === undefined ? null : { ins, skip, after }
      if (reader.inserted) card?.setFaults({ ...faults, pullOn })
      else faults.pullOn = pullOn
      return {}
    }
    case 'stats':
      return { ...card?.stats, inserted: reader.inserted, memory: process.memoryUsage().rss }
    default:
      throw new Error(`unknown order ${order.do}`)
  }
}

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy())
  const lines = createInterface({ input: socket })
  lines.on('line', (line) => {
    obey(JSON.parse(line) as Order).then(
      (value) => socket.write(`${JSON.stringify({ ok: true, ...value })}\n`),
      (error: unknown) => socket.write(`${JSON.stringify({ ok: false, error: String(error) })}\n`),
    )
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(JSON.stringify({ control: typeof address === 'object' ? address?.port : null }))
})
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
process.stdin.on('error', () => process.exit(0))
