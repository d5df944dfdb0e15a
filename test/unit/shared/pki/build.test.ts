import { describe, expect, it } from 'vitest'
import { verifyPath, type Certificate, type VerifyPathOptions } from '../../../../shared/pki/index.ts'
import {
  AT,
  certify,
  CA_FIELDS,
  days,
  LEAF_FIELDS,
  rootAuthority,
  subAuthority,
  testKey,
  verdict,
  type Authority,
} from './authority.ts'

const root = await rootAuthority()
const key = testKey('ecdsa-sha256')
const names = (options: VerifyPathOptions) => verifyPath(options).path.map((one) => one.subject.commonName)
const base = { anchors: [root.certificate], at: AT, revocation: 'none' } as const
const leafBy = (issuer: Authority) => certify(key, issuer, LEAF_FIELDS)
const shuffled = (list: readonly Certificate[]) => [...list].reverse()

describe('when several paths could be', () => {
  it('goes over the cross certificate where the own root is not trusted', async () => {
    const foreign = await rootAuthority({ name: 'Foreign' })
    const issuing = await subAuthority(foreign, { name: 'Issuing' })
    const cross = await certify(foreign.key, root, { ...CA_FIELDS, name: 'Foreign' })
    const intermediates = [foreign.certificate, cross, issuing.certificate]
    const leaf = await leafBy(issuing)
    expect(names({ ...base, leaf, intermediates })).toEqual(['Leaf', 'Issuing', 'Foreign', 'Root'])
    expect(names({ ...base, leaf, intermediates: shuffled(intermediates) })).toHaveLength(4)
    expect(names({ ...base, leaf, intermediates, anchors: [foreign.certificate] })).toHaveLength(3)
  })

  it('takes the certificate of the CA that is still valid', async () => {
    const issuing = await subAuthority(root, { notAfter: days(-1) })
    const renewed = await certify(issuing.key, root, { ...CA_FIELDS, name: 'Issuing' })
    const leaf = await leafBy(issuing)
    for (const intermediates of [
      [issuing.certificate, renewed],
      [renewed, issuing.certificate],
    ]) {
      expect(verifyPath({ ...base, leaf, intermediates }).path[1]).toBe(renewed)
    }
    expect(verdict(() => verifyPath({ ...base, leaf, intermediates: [issuing.certificate] }))).toBe('expired')
  })

  it('tells CAs of one name apart by their key, with or without identifiers', async () => {
    const twins = await Promise.all(Array.from({ length: 6 }, () => subAuthority(root)))
    const intermediates = twins.map((one) => one.certificate)
    for (const twin of twins) {
      const leaf = await leafBy(twin)
      expect(verifyPath({ ...base, leaf, intermediates }).path[1]).toBe(twin.certificate)
    }
  })

  it('tries the next path where the first one breaks a rule', async () => {
    const issuing = await subAuthority(root, { basicConstraints: { ca: true, pathLength: 0 } })
    const wider = await certify(issuing.key, root, { ...CA_FIELDS, name: 'Issuing' })
    const below = await subAuthority(issuing, { name: 'Below' })
    const leaf = await leafBy(below)
    const intermediates = [issuing.certificate, wider, below.certificate]
    expect(verifyPath({ ...base, leaf, intermediates }).path[2]).toBe(wider)
    expect(verifyPath({ ...base, leaf, intermediates: shuffled(intermediates) }).path[2]).toBe(wider)
  })
})

describe('when somebody sends certificates to keep us busy', () => {
  it('gives up on hundreds of look-alikes of one CA', async () => {
    const issuing = await subAuthority(root)
    const leaf = await leafBy(issuing)
    const subjectKeyId = issuing.certificate.subjectKeyId ?? ''
    const forged = await Promise.all(
      Array.from({ length: 400 }, () =>
        certify(testKey('ecdsa-sha256'), root, { ...CA_FIELDS, name: 'Issuing', subjectKeyId }),
      ),
    )
    const intermediates = [...forged, issuing.certificate]
    expect(verdict(() => verifyPath({ ...base, leaf, intermediates }))).toBe('too-large')
  })

  it('gives up on CAs that all certify each other', async () => {
    const cas = Array.from({ length: 9 }, () => testKey('ecdsa-sha256'))
    const authorities = await Promise.all(cas.map((one, i) => rootAuthority({ name: `CA ${i}` }, one)))
    const mesh: Certificate[] = []
    for (const [i, issuer] of authorities.entries()) {
      for (const [j, subject] of cas.entries()) {
        if (i !== j) mesh.push(await certify(subject, issuer, { ...CA_FIELDS, name: `CA ${j}` }))
      }
    }
    const leaf = await leafBy(authorities[0] as Authority)
    expect(verdict(() => verifyPath({ ...base, leaf, intermediates: mesh }))).toBe('too-large')
    const [first] = authorities as [Authority]
    expect(names({ ...base, leaf, intermediates: mesh, anchors: [first.certificate] })).toEqual(['Leaf', 'CA 0'])
  })
})
