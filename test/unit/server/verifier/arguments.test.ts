import { describe, expect, it } from 'vitest'
import { parseArguments, UsageError } from '../../../../server/verifier/arguments.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const parse = (line: string, locale = 'en_GB.UTF-8') => parseArguments(line.split(' '), NOW, locale)

describe('when arguments are read', () => {
  it('takes a package with anchors, and what is left out as it should be', () => {
    expect(parse('a.zip --anchor one.pem --anchor two.cer')).toMatchObject({
      file: 'a.zip',
      signature: null,
      anchors: ['one.pem', 'two.cer'],
      depth: 'full',
      revocation: 'require',
      isJson: false,
      language: 'en',
      at: NOW,
    })
  })

  it('takes everything there is', () => {
    const line =
      'f.csv f.p7s --quick --json --lang it --at 2026-01-02T03:04:05Z --no-revocation --crl c --ocsp o --origin x --witness w --signer 00 --tsa-anchor t --intermediate i'
    expect(parse(line)).toEqual({
      file: 'f.csv',
      signature: 'f.p7s',
      anchors: [],
      timeStampAnchors: ['t'],
      intermediates: ['i'],
      crls: ['c'],
      ocsp: ['o'],
      origins: ['x'],
      witnesses: ['w'],
      signers: ['00'],
      depth: 'quick',
      revocation: 'none',
      isJson: true,
      language: 'it',
      at: new Date('2026-01-02T03:04:05Z'),
    })
  })

  it('speaks the language of the terminal', () => {
    expect(parse('a.zip', 'it_IT.UTF-8').language).toBe('it')
    expect(parse('a.zip --lang en', 'it_IT.UTF-8').language).toBe('en')
  })

  it.each(['--anchor x', 'a b c', 'a --lang de', 'a --at never', 'a --anchor', 'a --trust-all'])(
    'refuses %s',
    (line) => {
      expect(() => parse(line)).toThrow(UsageError)
    },
  )
})
