import { Id } from '../../../shared/contract/scalars.ts'
import { foldForSearch } from '../full-text.ts'
import type { OperationalDatabase } from '../schema.ts'

export interface OfficeEntry {
  readonly id: string
  readonly name: string
  readonly divisionId: string
  readonly divisionName: string
}
export interface DivisionEntry {
  readonly id: string
  readonly name: string
  readonly path: string
}

/**
 * The organisation of one tenant, held in memory: it is small and asked for with every view. `load` again after a change.
 */
export class Directory {
  readonly tenant: string
  readonly #db: OperationalDatabase
  #offices = new Map<string, OfficeEntry>()
  #divisions = new Map<string, DivisionEntry>()
  #operators = new Map<string, string>()
  #stations = new Map<string, string>()

  constructor(db: OperationalDatabase, tenant: string) {
    this.#db = db
    this.tenant = tenant
  }

  async load(): Promise<void> {
    const of = this.tenant
    const divisions = await this.#db
      .selectFrom('division')
      .select(['id', 'name', 'path'])
      .where('tenant', '=', of)
      .execute()
    const offices = await this.#db
      .selectFrom('office')
      .select(['id', 'name', 'division'])
      .where('tenant', '=', of)
      .execute()
    const operators = await this.#db.selectFrom('operator').select(['id', 'name']).where('tenant', '=', of).execute()
    const stations = await this.#db.selectFrom('station').select(['id', 'name']).where('tenant', '=', of).execute()
    this.#stations = new Map(stations.map((row) => [row.id, row.name]))
    this.#divisions = new Map(divisions.map((row) => [row.id, row]))
    this.#offices = new Map(
      offices.map((row) => [
        row.id,
        {
          id: row.id,
          name: row.name,
          divisionId: row.division,
          divisionName: this.#divisions.get(row.division)?.name ?? row.division,
        },
      ]),
    )
    this.#operators = new Map(operators.map((row) => [row.id, row.name]))
  }

  office(id: string | null): OfficeEntry | null {
    return id === null ? null : (this.#offices.get(id) ?? null)
  }

  division(id: string): DivisionEntry | null {
    return this.#divisions.get(id) ?? null
  }

  /** The division and all below it. */
  divisionsBelow(id: string): string[] {
    const top = this.#divisions.get(id)
    if (!top) return []
    return [...this.#divisions.values()].filter((one) => one.path.startsWith(top.path)).map((one) => one.id)
  }

  officesOf(divisionId: string): string[] {
    return [...this.#offices.values()].filter((one) => one.divisionId === divisionId).map((one) => one.id)
  }

  /** Operators whose name holds all the words, or the one with this id. */
  findOperators(words: string): string[] {
    return idsNamed(this.#operators, words)
  }

  /** Offices whose name holds all the words, or the one with this id. */
  findOffices(words: string): string[] {
    return idsNamed(new Map([...this.#offices.values()].map(({ id, name }) => [id, name])), words)
  }

  /** Stations whose name holds all the words, or the one with this id. */
  findStations(words: string): string[] {
    return idsNamed(this.#stations, words)
  }

  stationName(id: string | null): string | null {
    return id === null ? null : (this.#stations.get(id) ?? null)
  }

  operatorNames(ids: readonly string[]): Map<string, string> {
    return new Map(ids.flatMap((id) => (this.#operators.has(id) ? [[id, this.operatorName(id)] as const] : [])))
  }

  operatorName(id: string): string {
    return this.#operators.get(id) ?? id
  }
}

/** Whose name holds all the words; or the id itself, also of one that is not here (any more): the audit still knows it. */
function idsNamed(names: ReadonlyMap<string, string>, words: string): string[] {
  if (Id.safeParse(words).success) return [words]
  const wanted = foldForSearch(words).split(' ').filter(Boolean)
  const holdsAll = (name: string) => wanted.length > 0 && wanted.every((one) => foldForSearch(name).includes(one))
  return [...names].filter(([id, name]) => id === words || holdsAll(name)).map(([id]) => id)
}
