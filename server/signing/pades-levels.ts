import {
  addDocTimeStamp,
  addPdfValidationData,
  readPdfSignatures,
  readPdfValidationData,
  signPdf,
} from '../../shared/pades/index.ts'
import { readCadesNeeds, type Certificate, type HashName } from '../../shared/pki/index.ts'
import type { StampedImprint } from '../timestamp/client.ts'
import { endOfToken, type Lasting } from './lasting.ts'
import type { PadesOrder } from './signatures.ts'
import type { ReadyKey } from './signing-key.ts'

/** A signature in the PDF at its level (ETSI EN 319 142-1 6.3). */
export async function signPades(pdf: Uint8Array, key: ReadyKey, order: PadesOrder, lasting: Lasting) {
  const { level, visible, reason, language = 'en' } = order
  lasting.assertStamped(level)
  const claimedAt = lasting.now()
  const source = sourceOf(lasting)
  const signed = await signPdf({
    pdf,
    signer: key.external,
    certificate: key.certificate,
    chain: key.chain,
    claimedAt,
    name: key.name,
    ...(reason === undefined ? {} : { reason }),
    ...(visible ? { appearance: { lines: linesOf(key, claimedAt, language) } } : {}),
    ...(level === 'B-B' ? {} : { timeStamp: source.timeStamp, timeStampHash: key.hash }),
  })
  if (level === 'B-B' || level === 'B-T') return signed
  const { genTime, path } = source.last().verified
  const data = await lasting.dataFor([key.path, path], genTime)
  const withData = addPdfValidationData({ pdf: signed, ...data, at: lasting.now() })
  return level === 'B-LT' ? withData : archive(withData, key.hash, [path], lasting)
}

/** Another document time-stamp, with the data for the authority of the last one. */
export async function renewPades(pdf: Uint8Array, lasting: Lasting): Promise<Uint8Array> {
  const newest = newestToken(pdf)
  if (!newest) return pdf
  const path = lasting.pathOf(newest, readPdfValidationData(pdf).certificates)
  const data = await lasting.dataFor([path], lasting.now())
  return archive(addPdfValidationData({ pdf, ...data, at: lasting.now() }), 'sha256', [path], lasting)
}

export function endOfPades(pdf: Uint8Array): Date | null {
  const newest = newestToken(pdf)
  return newest ? endOfToken(newest) : null
}

function newestToken(pdf: Uint8Array): Uint8Array | undefined {
  const found = readPdfSignatures(pdf)
  const stamp = found.filter(({ kind }) => kind === 'time-stamp').at(-1)
  if (stamp) return stamp.cms
  const last = found.at(-1)
  return last && readCadesNeeds(last.cms).signers[0]?.signatureTimeStamps.at(-1)
}

async function archive(
  pdf: Uint8Array,
  hash: HashName,
  known: readonly (readonly Certificate[])[],
  lasting: Lasting,
): Promise<Uint8Array> {
  const source = sourceOf(lasting)
  const stamped = await addDocTimeStamp({ pdf, timeStamp: source.timeStamp, hash })
  const { authority, path, genTime } = source.last().verified
  if (known.some(([leaf]) => leaf && Buffer.compare(leaf.der, authority.der) === 0)) return stamped
  return addPdfValidationData({ pdf: stamped, ...(await lasting.dataFor([path], genTime)), at: lasting.now() })
}

/** Our authorities as `shared/pades` asks them; who answered is remembered. */
function sourceOf(lasting: Lasting) {
  let last: StampedImprint | null = null
  return {
    timeStamp: async (imprint: Parameters<Lasting['stamp']>[0]): Promise<Uint8Array> => {
      last = await lasting.stamp(imprint)
      return last.token
    },
    last: (): StampedImprint => {
      if (!last) throw new TypeError('no time-stamp was asked for')
      return last
    },
  }
}

const WORDS = {
  en: { signed: 'Signed by', software: 'SOFTWARE KEY, NOT FOR PRODUCTION' },
  it: { signed: 'Firmato da', software: 'CHIAVE SOFTWARE, NON PER LA PRODUZIONE' },
} as const

const linesOf = ({ name, kind }: ReadyKey, at: Date, language: 'en' | 'it'): string[] => [
  WORDS[language].signed,
  name,
  `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`,
  ...(kind === 'software' ? [WORDS[language].software] : []),
]
