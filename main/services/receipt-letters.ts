/**
 * The standard fonts of PDF (ISO 32000-1 §9.6.2.2) write the letters of Windows-1252 and no others. A name outside it
 * is written in its nearest Latin letters (ICAO Doc 9303 part 3 §6 where it names one), and what has none as `?`, so
 * that nothing is dropped in silence; the receipt then says that the name is transliterated.
 */
const EXTRA = '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ'
const NEAREST: Readonly<Record<string, string>> = {
  Ł: 'L',
  ł: 'l',
  Đ: 'D',
  đ: 'd',
  Ħ: 'H',
  ħ: 'h',
  ı: 'i',
  Ŧ: 'T',
  ŧ: 't',
  Ŋ: 'N',
  ŋ: 'n',
  ẞ: 'SS',
  Ə: 'A',
  ə: 'a',
  А: 'A',
  Б: 'B',
  В: 'V',
  Г: 'G',
  Д: 'D',
  Е: 'E',
  Ё: 'E',
  Ж: 'ZH',
  З: 'Z',
  И: 'I',
  Й: 'I',
  К: 'K',
  Л: 'L',
  М: 'M',
  Н: 'N',
  О: 'O',
  П: 'P',
  Р: 'R',
  С: 'S',
  Т: 'T',
  У: 'U',
  Ф: 'F',
  Х: 'KH',
  Ц: 'TS',
  Ч: 'CH',
  Ш: 'SH',
  Щ: 'SHCH',
  Ъ: 'IE',
  Ы: 'Y',
  Ь: '',
  Э: 'E',
  Ю: 'IU',
  Я: 'IA',
  Є: 'IE',
  І: 'I',
  Ї: 'I',
  Ґ: 'G',
  Ђ: 'D',
  Ј: 'J',
  Љ: 'LJ',
  Њ: 'NJ',
  Ћ: 'C',
  Џ: 'DZ',
  Α: 'A',
  Β: 'V',
  Γ: 'G',
  Δ: 'D',
  Ε: 'E',
  Ζ: 'Z',
  Η: 'I',
  Θ: 'TH',
  Ι: 'I',
  Κ: 'K',
  Λ: 'L',
  Μ: 'M',
  Ν: 'N',
  Ξ: 'X',
  Ο: 'O',
  Π: 'P',
  Ρ: 'R',
  Σ: 'S',
  Τ: 'T',
  Υ: 'Y',
  Φ: 'F',
  Χ: 'CH',
  Ψ: 'PS',
  Ω: 'O',
  ς: 's',
}
const isPrintable = (letter: string) => /^[\u0020-\u007e\u00a0-\u00ff]$/u.test(letter) || EXTRA.includes(letter)

export function printable(text: string): { text: string; changed: boolean } {
  const whole = text.normalize('NFC')
  const letters = Array.from(whole)
  const out = letters
    .map((letter, at) => {
      const near = nearest(letter)
      // One capital that becomes several stays one capital inside a word: Щукин is Shchukin.
      const isInWord = near.length > 1 && /\p{Ll}/u.test(letters[at + 1] ?? '')
      return isInWord && /\p{Lu}/u.test(letter) ? near[0]! + near.slice(1).toLowerCase() : near
    })
    .join('')
  return { text: out, changed: out !== whole }
}

function nearest(letter: string): string {
  if (isPrintable(letter)) return letter
  const direct = NEAREST[letter]
  if (direct !== undefined) return direct
  const base = Array.from(letter.normalize('NFD'))
    .filter((part) => !/\p{M}/u.test(part))
    .join('')
  if (base !== letter && base !== '') return Array.from(base, nearest).join('')
  const upper = NEAREST[letter.toUpperCase()]
  if (upper !== undefined) return upper.toLowerCase()
  return /\p{M}/u.test(letter) ? '' : '?'
}
