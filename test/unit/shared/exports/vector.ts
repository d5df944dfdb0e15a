import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePackage, openChain, openSigning, openWitness, zipOf } from './kit.ts'

// Makes the vectors of test/fixtures/exports anew: only where the format is another. `node test/unit/shared/exports/vector.ts`

const FIXTURES = join(import.meta.dirname, '../../../fixtures/exports')
const signing = await openSigning()
const chain = openChain()
const witnesses = [openWitness()]
const isCard = (row: { readonly objectId: string }): boolean => row.objectId === 'card-1'

const whole = await makePackage(chain, signing, { format: 'csv', witnesses })
const headers = await makePackage(chain, signing, {
  format: 'jsonl',
  completeness: 'headers',
  filter: { objectId: 'card-1' },
  kindOf: (row) => (isCard(row) ? 'disclosed' : row.sequence % 4 === 3 ? 'hidden' : 'header'),
})
const inclusion = await makePackage(chain, signing, {
  format: 'json',
  completeness: 'inclusion',
  filter: { objectId: 'card-1' },
  kindOf: (row) => (isCard(row) ? 'disclosed' : null),
})
for (const [name, members] of Object.entries({ whole, headers, inclusion }))
  writeFileSync(join(FIXTURES, `${name}.zip`), zipOf(members))
writeFileSync(join(FIXTURES, 'anchor.cer'), signing.root.certificate.der)
