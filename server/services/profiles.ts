import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, CardProfile } from '../../shared/contract/index.ts'

/** The card profiles: data, one file each. */
export class Profiles {
  readonly #profiles: ReadonlyMap<string, CardProfile>

  constructor(profiles: readonly CardProfile[]) {
    this.#profiles = new Map(profiles.map((profile) => [profile.id, profile]))
  }

  list(): CardProfile[] {
    return [...this.#profiles.values()]
  }

  find(id: string): CardProfile | null {
    return this.#profiles.get(id) ?? null
  }

  /** Throws CA_PROFILE_UNKNOWN. */
  get(id: string): CardProfile {
    const profile = this.#profiles.get(id)
    if (!profile) throw new AppError('CA_PROFILE_UNKNOWN', { profile: id.slice(0, 40) })
    return profile
  }
}

/** Reads every `*.json` of the folder. Throws CONFIG_INVALID naming the file that is no profile. */
export const readProfiles = (folder: string): Profiles => {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
  return new Profiles(
    names.map((name) => {
      try {
        return CardProfile.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')))
      } catch (cause) {
        throw new AppError('CONFIG_INVALID', { reason: 'card-profile', path: name }, { cause })
      }
    }),
  )
}
