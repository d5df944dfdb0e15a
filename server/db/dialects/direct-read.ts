/** Rows of a compiled read, at once; null while the connection is taken and the caller has to wait its turn. */
export type DirectRead = (sql: string, parameters: readonly unknown[]) => readonly unknown[] | null

const readers = new WeakMap<object, DirectRead>()

/** Binds it to the object that names the database in the transaction scope; only a dialect with one connection does. */
export const registerDirectRead = (token: object, read: DirectRead): void => {
  readers.set(token, read)
}

/** Null on a dialect that has none. */
export const directReadOf = (token: object): DirectRead | null => readers.get(token) ?? null
