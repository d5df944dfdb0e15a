/** Lets the browser fetch an address of this server as a file of this name, with its own cookies, by itself. */
export const saveFrom = (address: string, name: string): void => {
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
}

/** Hands text to the person as a file of this name; the browser asks where to, or puts it with the downloads. */
export const saveFile = (name: string, mediaType: string, content: string): void => {
  const address = URL.createObjectURL(new Blob([content], { type: mediaType }))
  saveFrom(address, name)
  // The browser reads it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
