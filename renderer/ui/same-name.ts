/** Two spellings of one name: case, blanks around and between, and Unicode composition do not matter; accents do. */
export const sameName = (typed: string, name: string): boolean => plain(typed) === plain(name) && plain(name) !== ''

const plain = (text: string): string => text.normalize('NFC').trim().replace(/\s+/g, ' ').toLocaleLowerCase('und')
