import { createSpotlight } from '@mantine/spotlight'

const [store, actions] = createSpotlight()
/** The palette's own store: opened when it is mounted, told apart from any other on the page. */
export const paletteStore = { store, open: actions.open, close: actions.close }
