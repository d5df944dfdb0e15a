import { useCallback, useEffect, useState } from 'react'
import type { DescribedCertificate } from './protocol.ts'
import { CheckBroken, describeCertificates, type MakeWorker } from './run-check.ts'

/** Certificates and revocation lists that the place around offers, as DER. */
export interface OfferedTrust {
  readonly certificates: readonly Uint8Array[]
  readonly crls: readonly Uint8Array[]
}
export interface OfferedAnchor {
  readonly certificate: DescribedCertificate
  /** Null: offered by the place around. */
  readonly file: string | null
  readonly isTrusted: boolean
}

const withMore = (held: readonly OfferedAnchor[], more: readonly OfferedAnchor[]): readonly OfferedAnchor[] => [
  ...held,
  ...more.filter(({ certificate }) => !held.some((one) => one.certificate.sha256 === certificate.sha256)),
]

/** What may be trusted and what is; `offer` gives what is offered at first, undefined where nothing is. */
export const useAnchors = (makeWorker: MakeWorker, offer: (() => Promise<OfferedTrust>) | undefined) => {
  const [anchors, setAnchors] = useState<readonly OfferedAnchor[]>([])
  const [crls, setCrls] = useState<readonly Uint8Array[]>([])
  const [refused, setRefused] = useState<string | null>(null)
  const [isServerMissing, setServerMissing] = useState(false)

  useEffect(() => {
    let current = true
    const learn = async () => {
      const given = await offer?.()
      const described = await Promise.all(
        (given?.certificates ?? []).map((der) => describeCertificates(makeWorker, der)),
      )
      if (!current) return
      setCrls(given?.crls ?? [])
      const found = described.flat().map((certificate) => ({ certificate, file: null, isTrusted: true }))
      setAnchors((held) => withMore(held, found))
    }
    learn().catch(() => {
      if (current) setServerMissing(true)
    })
    return () => {
      current = false
    }
  }, [makeWorker, offer])

  const add = useCallback(
    async (files: readonly File[]) => {
      setRefused(null)
      for (const file of files) {
        try {
          const found = await describeCertificates(makeWorker, new Uint8Array(await file.arrayBuffer()))
          const more = found.map((certificate) => ({ certificate, file: file.name, isTrusted: true }))
          setAnchors((held) => withMore(held, more))
          if (found.length === 0) setRefused(file.name)
        } catch (error) {
          if (!(error instanceof CheckBroken || error instanceof DOMException)) throw error
          setRefused(file.name)
        }
      }
    },
    [makeWorker],
  )
  const toggle = useCallback(
    (sha256: string) =>
      setAnchors((held) =>
        held.map((one) => (one.certificate.sha256 === sha256 ? { ...one, isTrusted: !one.isTrusted } : one)),
      ),
    [],
  )
  return { anchors, crls, refused, isServerMissing, add, toggle }
}
