import { mrzCheckDigit } from '../../../shared/contract/index.ts'

/** A person who does not exist, with a passport whose check digits agree (ICAO 9303 part 4). */
export interface Person {
  givenNames: string
  familyName: string
  birthDate: string
  documentNumber: string
  expiresOn: string
  mrz: string
}

export function makePerson(givenNames: string, familyName: string, documentNumber = 'YA4310872'): Person {
  const year = new Date().getUTCFullYear() + 5
  const expiry = `${String(year).slice(2)}0630`
  const birth = '850412'
  const digit = (text: string) => `${text}${mrzCheckDigit(text)}`
  const body = `${digit(documentNumber)}ITA${digit(birth)}F${digit(expiry)}${'<'.repeat(15)}`
  const composite = body.slice(0, 10) + body.slice(13, 20) + body.slice(21, 43)
  const name = `P<ITA${familyName}<<${givenNames}`.toUpperCase().replaceAll(' ', '<')
  return {
    givenNames,
    familyName,
    birthDate: '1985-04-12',
    documentNumber,
    expiresOn: `${year}-06-30`,
    mrz: `${name.padEnd(44, '<')}\n${body}${mrzCheckDigit(composite)}`,
  }
}
