import { BrowserBuffer } from './buffer.ts'

// Imported first by whatever runs shared code in a browser: some of it asks for Buffer while it is loaded.
if (!('Buffer' in globalThis)) Object.assign(globalThis, { Buffer: BrowserBuffer })
