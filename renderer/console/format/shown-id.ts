const MADE_ID = /^[a-z][a-z0-9-]*_([0-9A-Za-z-]{8,48})$/

/** An id that a machine made, cut to what tells it apart from its neighbours; one that says something, as it is. */
export const shownId = (id: string): string => {
  const made = MADE_ID.exec(id)?.[1]
  return made === undefined ? id : `…${made.slice(-6)}`
}
