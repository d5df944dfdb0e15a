/** Icons that only the console uses; one line each, as in `ui/icons.ts`. */
export { default as IconBookmark } from '@tabler/icons-react/dist/esm/icons/IconBookmark.mjs'
export { default as IconEraser } from '@tabler/icons-react/dist/esm/icons/IconEraser.mjs'
export { default as IconFilter } from '@tabler/icons-react/dist/esm/icons/IconFilter.mjs'
export { default as IconLink } from '@tabler/icons-react/dist/esm/icons/IconLink.mjs'
export { default as IconMail } from '@tabler/icons-react/dist/esm/icons/IconMail.mjs'
export { default as IconPencil } from '@tabler/icons-react/dist/esm/icons/IconPencil.mjs'
export { default as IconPlayerPause } from '@tabler/icons-react/dist/esm/icons/IconPlayerPause.mjs'
export { default as IconTrash } from '@tabler/icons-react/dist/esm/icons/IconTrash.mjs'
